import { isErrorLike } from "../realm.ts";

/** The `code` of an error: a POSIX name for an error of `node:fs`, `undefined` for anything else. */
export function errorCode(error: unknown): string | undefined {
  // Not `instanceof`: in Jest and `node:vm` the errors of `node:fs` belong to another realm.
  const code = isErrorLike(error) ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * Runs `call` on a path. A call that permissions forbid fails with `EACCES`, and the message says what to allow. Deno's
 * own errors have no `code`, and those of `node --permission` name no path.
 */
export function withErrorCode<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw namedError(error);
  }
}

/** As {@linkcode withErrorCode}, for an asynchronous call. */
export async function withErrorCodeAsync<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw namedError(error);
  }
}

function namedError(error: unknown): unknown {
  if (isPermissionError(error)) return Object.assign(error, { code: "EACCES" });
  return errorCode(error) === NODE_DENIAL ? nodeDenial(error as NodeDenial) : error;
}

/** The code of Node's errors for a call that `node --permission` forbids. */
const NODE_DENIAL = "ERR_ACCESS_DENIED";

interface NodeDenial extends Error {
  readonly permission?: string;
  readonly resource?: string;
}

function nodeDenial(cause: NodeDenial): Error {
  const { permission, resource } = cause;
  const kind = permission === "FileSystemRead" ? "read" : permission === "FileSystemWrite" ? "write" : undefined;
  const message = kind
    ? `Node's permission model forbids to ${kind} '${resource}': start Node with --allow-fs-${kind}=<the directory>`
    : "Node's permission model forbids fsync, without which no write is durable: start Node without --permission, " +
      "open the store with readOnly, or use a MemoryStore";
  return Object.assign(new Error(message, { cause }), { code: "EACCES" });
}

function isPermissionError(error: unknown): error is Error {
  if (!isErrorLike(error) || errorCode(error) !== undefined) return false;
  return error.name === "NotCapable" || error.name === "PermissionDenied";
}
