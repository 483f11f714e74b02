import { isErrorLike } from "../realm.ts";

/** The `code` of what was thrown: a POSIX name on an error from `node:fs`, `undefined` on anything else. */
export function errorCode(error: unknown): string | undefined {
  // Not `instanceof`: in Jest and `node:vm` the errors of `node:fs` are of another realm.
  const code = isErrorLike(error) ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * Runs `call` on a path. Deno's permission errors carry no `code`: here they get `EACCES`, the name and the message,
 * which says what to allow, stay.
 */
export function withErrorCode<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw isPermissionError(error) ? Object.assign(error, { code: "EACCES" }) : error;
  }
}

function isPermissionError(error: unknown): error is Error {
  if (!isErrorLike(error) || errorCode(error) !== undefined) return false;
  return error.name === "NotCapable" || error.name === "PermissionDenied";
}
