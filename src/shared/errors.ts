/**
 * Errors that cross a connection.
 *
 * @module
 */

import type { StoreErrorCode } from "../api/errors.ts";
import { StoreError } from "../errors.ts";
import { isErrorLike } from "../realm.ts";

/** An error as a message has it. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly code?: StoreErrorCode | undefined;
  readonly version?: number | undefined;
}

const CLASSES: Readonly<Record<string, new (message: string) => Error>> = { TypeError, RangeError, SyntaxError };

/** What to send of an error. */
export function toSent(error: unknown): SentError {
  if (!isErrorLike(error)) return { name: "Error", message: String(error) };
  const { name, message } = error;
  if (!(error instanceof StoreError)) return { name, message };
  const { code, version } = error;
  return version === undefined ? { name, message, code } : { name, message, code, version };
}

/** The error that was sent. */
export function fromSent({ name, message, code, version }: SentError): Error {
  if (code !== undefined) return new StoreError(code, message, version === undefined ? {} : { version });
  const Class = CLASSES[name];
  if (Class) return new Class(message);
  return Object.assign(new Error(message), { name });
}
