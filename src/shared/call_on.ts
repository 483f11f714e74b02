/**
 * Calls of clients on a store, a snapshot or a transaction of the owner.
 *
 * @module
 */

import type { Call, Kinds, SentRange } from "./calls.ts";
import { ProtocolError } from "./protocol_error.ts";
import { visibleRange } from "./reserved.ts";

type Method = (...args: readonly unknown[]) => unknown;

/** Calls a method that reads, with the signal of `stop`. Throws {@linkcode ProtocolError} for another method. */
export async function callOn(
  target: object,
  kinds: Kinds,
  { method, args }: Call,
  stop: { readonly signal: AbortSignal },
): Promise<unknown> {
  const kind = Object.hasOwn(kinds, method) ? kinds[method] : undefined;
  if (kind === undefined) throw new ProtocolError(`a client called '${method}', which this release does not have`);
  const [first] = args;
  const call = (target as Record<string, Method>)[method] as Method;
  if (kind === "key") return await call.call(target, first);
  const { signal } = stop;
  if (kind === "keys") return await call.call(target, first, { signal });
  if (kind === "range") return await call.call(target, visibleRange(first as SentRange), { signal });
  return await call.call(target, ...(LONG.has(method) ? [{ signal }] : []));
}

/** The methods without arguments that take a signal. */
const LONG: ReadonlySet<string> = new Set(["compact", "verify"]);

/** The call in the body of a message. Throws {@linkcode ProtocolError}. */
export function callOf(body: unknown): Call {
  const call = body as Partial<Call> | undefined;
  const isCall = typeof call?.method === "string" && Array.isArray(call.args);
  if (isCall) return call as Call;
  throw new ProtocolError("the body of a call has no method or no arguments");
}
