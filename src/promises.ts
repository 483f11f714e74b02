/**
 * Promises that others settle, and signals that end the wait for them.
 *
 * @module
 */

/** A promise and what settles it. Not every runtime has `Promise.withResolvers`. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A new one. */
export function deferred<T>(): Deferred<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { promise, resolve, reject };
}

/** Calls `abort` when the signal aborts, until what is returned is called. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  signal?.addEventListener("abort", abort);
  return () => signal?.removeEventListener("abort", abort);
}

/** Settles as the promise does; rejects with the signal's reason when that comes first, or was there before. */
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
