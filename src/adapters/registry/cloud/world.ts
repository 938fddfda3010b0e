import type { Clock } from "../../../inspection/ports.ts";
import type { CloudEnvironment } from "./environment.ts";
import type { CloudExchange } from "./exchange.ts";

/** All that an issuer of credentials takes from outside. */
export interface CloudWorld {
  readonly env: CloudEnvironment;
  readonly exchange: CloudExchange;
  readonly clock: Clock;
}
