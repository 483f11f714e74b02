/**
 * Promises with a separate way to settle them, and signals that end a wait.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "./clock.ts";

/** A promise and the functions that settle it. Not every runtime has `Promise.withResolvers`. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates one. */
export function deferred<T>(): Deferred<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { promise, resolve, reject };
}

/** Calls `abort` when the signal aborts. The returned function stops that. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  signal?.addEventListener("abort", abort);
  return () => signal?.removeEventListener("abort", abort);
}

/** Settles as `running` does. Rejects with the signal's reason if the signal aborts first, or was aborted before. */
export async function unlessAborted<T>(running: T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await running;
  const aborted = deferred<never>();
  const abort = () => aborted.reject(signal.reason);
  const release = onAbort(signal, abort);
  if (signal.aborted) abort();
  try {
    const result = await Promise.race([running, aborted.promise]);
    signal.throwIfAborted();
    return result;
  } finally {
    release();
  }
}

/** Settles after `ms` milliseconds, or when the signal aborts. A pause `inBackground` keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal | undefined, inBackground = false): Promise<void> {
  if (signal?.aborted) return;
  const { promise, resolve } = deferred<void>();
  const timer = setTimeout(resolve, ms);
  if (inBackground) timer.unref();
  const release = onAbort(signal, resolve);
  await promise;
  clearTimeout(timer);
  release();
}
