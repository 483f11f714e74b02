/**
 * A request that the studio refuses.
 *
 * @module
 */

/** A request that the studio refuses, with the status of HTTP and a code for programs. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The error of a field with a wrong value. The message names the value and what was expected. */
export function wrongField(name: string, got: unknown, expected: string): Refusal {
  const text = JSON.stringify(got) ?? String(got);
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return new Refusal(400, "WRONG_FIELD", `Wrong field '${name}': expected ${expected}, got ${shown}`);
}
