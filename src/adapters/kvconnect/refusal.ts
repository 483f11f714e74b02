/**
 * Requests that the server refuses.
 *
 * @module
 */

/** An answer with a status from 400 to 499, and a text that says what is wrong. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Throws a {@linkcode Refusal} with the status 400. */
export function refuse(message: string): never {
  throw new Refusal(400, message);
}
