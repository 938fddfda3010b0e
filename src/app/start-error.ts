import { CodedError } from "../errors.ts";

/** A file that the configuration names and that cannot be used. */
export class StartError extends CodedError<"Unreadable"> {}
