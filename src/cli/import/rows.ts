/**
 * What an import reads: rows, each of which becomes an entry.
 *
 * @module
 */

import { UsageError } from "../exit_codes.ts";
import type { Entry } from "../formats/entries.ts";

/** A row of a source. */
export interface Row {
  /** Where it is, such as `Line 7`. */
  readonly place: string;
  /** Its entry; `undefined` if the options leave the row out. Throws `UsageError` if it cannot be one. */
  readonly toEntry: () => Entry | undefined;
}

/** The rows of a source, in an order that is the same each time. */
export type Rows = AsyncGenerator<Row, void>;

/** Shows how far reading is: `done` of `total`, which may be unknown. */
export type Seen = (done: number, total?: number) => void;

/** Adds the place of a row to the error of its contents. */
export function atPlace<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${place}: ${error.message}`) : error;
  }
}
