import { CodedError } from "../errors.ts";

/** The call was wrong. The message says what, and what to write instead. */
export class UsageError extends CodedError<"WrongCall"> {
  constructor(message: string) {
    super("WrongCall", message);
  }
}
