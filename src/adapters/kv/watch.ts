/**
 * Watches of keys: streams of their newest entries.
 *
 * @module
 */

import type { ValueEntry } from "../../api/entries.ts";
import type { Store } from "../../api/store.ts";
import { clearTimeout, clock, setTimeout } from "../../clock.ts";
import { onAbort } from "../../promises.ts";
import { isErrorLike } from "../../realm.ts";

/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

/** The entries of watched keys at one moment, in the order of the keys. */
export type Seen = readonly (ValueEntry | undefined)[];

/** How keys are watched. */
export interface WatchedKeys<T> {
  /** The keys of the store. */
  readonly keys: readonly Uint8Array[];
  /** Whether every write comes, also if it changes nothing. */
  readonly isRaw: boolean;
  /** Ends the stream. */
  readonly closing: AbortSignal;
  /** What the stream delivers for the entries. */
  readonly show: (seen: Seen) => T;
}

/**
 * The entries of the keys, and again after each change. Changes before the consumer reads are one. The stream ends when
 * `closing` aborts or the store is closed.
 */
export function watchKeys<T>(store: Store, { keys, isRaw, closing, show }: WatchedKeys<T>): ReadableStream<T> {
  const ending = new AbortController();
  const release = onAbort(closing, () => ending.abort());
  if (closing.aborted) ending.abort();
  let last: Seen | undefined;
  let since = 0;
  /** The next entries to deliver; `undefined` at the end. */
  async function next(): Promise<Seen | undefined> {
    for (;;) {
      const goesOn = last === undefined || (await changed(store, keys, { since, last, ending: ending.signal }));
      if (!goesOn || ending.signal.aborted) return undefined;
      const before = last;
      since = store.version;
      const now = store.getEntriesSync(keys);
      last = now;
      if (isRaw || !before?.every((entry, i) => entry?.version === now[i]?.version)) return now;
    }
  }
  return new ReadableStream<T>({
    async pull(controller) {
      const seen = await next().catch((error) => {
        if (isErrorLike(error) && error.code === "STORE_CLOSED") return undefined;
        throw error;
      });
      if (seen) return controller.enqueue(show(seen));
      release();
      controller.close();
    },
    cancel() {
      release();
      ending.abort();
    },
  });
}

interface Waiting {
  readonly since: number;
  readonly last: Seen;
  readonly ending: AbortSignal;
}

/** Settles when a key may have changed, with `true`; with `false` when the watch ends. */
async function changed(store: Store, keys: readonly Uint8Array[], { since, last, ending }: Waiting): Promise<boolean> {
  if (ending.aborted) return false;
  const stop = new AbortController();
  const release = onAbort(ending, () => stop.abort());
  try {
    const changes = keys.map((key) => firstChange(store, key, { since, signal: stop.signal }));
    return await Promise.race([...changes, firstExpiry(last, stop.signal)]);
  } finally {
    release();
    stop.abort();
  }
}

/** Settles when a key has changed, or if the store no longer knows; with `false` when the watch or the store ends. */
async function firstChange(
  store: Store,
  key: Uint8Array,
  options: { readonly since: number; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    const changes = store.watch({ gte: key, lte: key, keyEncoding: "bytes" }, options);
    const first = await changes[Symbol.asyncIterator]().next();
    return first.done !== true;
  } catch (error) {
    if (options.signal.aborted) return false;
    if (isErrorLike(error) && error.code === "VERSION_GONE") return true;
    throw error;
  }
}

/** Settles after the first of the entries has expired, with `true`; with `false` when the signal aborts. */
function firstExpiry(entries: Seen, signal: AbortSignal): Promise<boolean> {
  const next = Math.min(...entries.map((entry) => entry?.expiresAt ?? Number.POSITIVE_INFINITY));
  return new Promise((resolve) => {
    const wait = Math.min(Math.max(1, next - clock.now() + 1), LONGEST_MS);
    const timer = next === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => resolve(true), wait);
    onAbort(signal, () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}
