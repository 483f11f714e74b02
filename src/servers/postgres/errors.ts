/**
 * What an error of the server or of the connection means.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { isErrorLike } from "../../realm.ts";

/** A failed call. */
export interface Failure {
  /** Whether the call may be sent again. */
  readonly mayRepeat: boolean;
  /** Whether the server may have done it. */
  readonly mayBeDone: boolean;
  /** Whether another host may answer, if there are several. */
  readonly isElsewhere: boolean;
}

/** Errors of the socket and of the package `postgres` that end a connection on which a call may have been sent. */
const LOST = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ECONNABORTED",
  "CALL_TIMEOUT",
  // The server shut down, or a transaction waited too long for this process.
  "57P01",
  "57P02",
  "25P03",
]);
/** No call was sent to this host: nobody answers. */
const AWAY = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
  "CONNECT_TIMEOUT",
  // Starting up or shutting down.
  "57P03",
  // A server that is a standby now, or still.
  "25006",
  "STANDBY",
]);
/** The server has refused the call for the moment: serialization failure, deadlock, lock, too many connections. */
const REFUSED = new Set(["40001", "40P01", "55P03", "53300"]);
/** Two clients have created the same tables or functions at the same time. */
const CREATED_TWICE = new Set(["23505", "42P07", "42710", "XX000"]);
const MISUSE = new Set(["TypeError", "RangeError"]);
const DENIED = new Set(["28000", "28P01", "42501"]);

/** The code of an error; an empty one for none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === "string" && code !== "") return code;
  // Node collects the errors of several addresses.
  const [first] = (error as { errors?: readonly unknown[] } | undefined)?.errors ?? [];
  return first === undefined ? "" : codeOf(first);
}

/** What may be done after an error. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  // Class 08: the connection. Whether the host is away, the next attempt will tell.
  if (LOST.has(code) || code.startsWith("08")) return { mayRepeat: true, mayBeDone: true, isElsewhere: false };
  const isElsewhere = AWAY.has(code);
  return { mayRepeat: isElsewhere || REFUSED.has(code), mayBeDone: false, isElsewhere };
}

/** Whether the server answered with an error, and the connection goes on. */
export function isOfServer(error: unknown): boolean {
  const { severity } = (error ?? {}) as { severity?: unknown };
  return severity === "ERROR";
}

/** Whether the schema may be there now, because another client has created it. */
export function isCreatedTwice(error: unknown): boolean {
  return CREATED_TWICE.has(codeOf(error));
}

/** Whether a table is missing. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "42P01" || codeOf(error) === "3F000";
}

/** An error that ends a call, as callers get it. `action` is a verb. */
export function toStoreError(error: unknown, action: string): unknown {
  if (error instanceof StoreError || (isErrorLike(error) && MISUSE.has(error.name))) return error;
  const code = codeOf(error);
  const message = messageOf(error);
  const because = `Cannot ${action}: PostgreSQL says: ${message}`;
  if (DENIED.has(code)) return new StoreError("ACCESS_DENIED", because, { cause: error });
  if (code === "3D000" || isMissing(error)) return new StoreError("NOT_A_STORE", because, { cause: error });
  if (code === "53200") return new StoreError("OUT_OF_MEMORY", because, { cause: error });
  // Errors of the server have five letters and digits. The others are of the connection, such as a wrong certificate.
  if (!/^[0-9A-Z]{5}$/.test(code)) {
    return new StoreError("STORE_UNREACHABLE", `Cannot ${action}: ${message}`, { cause: error });
  }
  return new StoreError("IO_ERROR", because, { cause: error });
}

/** The words of an error. Some have none but a code. */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  if (typeof message === "string" && message !== "") return message;
  return codeOf(error) || String(error);
}
