/**
 * The queue of a store: delivers messages to listeners. A message stays in the store until its handler has succeeded. So
 * it is delivered at least once, also across restarts.
 *
 * @module
 */

import type { Store } from "../../api/store.ts";
import { nameOf } from "../../bytes.ts";
import { clearTimeout, clock, setTimeout, type Timer } from "../../clock.ts";
import { isErrorLike } from "../../realm.ts";
import { entryKey, Space } from "./keys.ts";
import { dueOf, type Message, messageOf, messageOperation } from "./message.ts";
import { decodeValue } from "./values.ts";

/** What a listener calls with a message. */
// biome-ignore lint/suspicious/noExplicitAny: as in Deno, so that handlers may say which messages they take.
export type Handler = (message: any) => void | Promise<void>;

interface Listener {
  readonly handler: Handler;
  readonly end: (error?: unknown) => void;
}

/** At most this many messages are handled at a time, as in Deno. */
const MOST_RUNNING = 100;
/** The longest sleep: a clock that is set forward is noticed after it. */
const LONGEST_SLEEP_MS = 60_000;
/** The wait after the result of a delivery could not be stored. */
const RETRY_MS = 1000;

const queues = new WeakMap<Store, Queue>();

/** A key that no entry has. */
const NO_KEY = Uint8Array.of(0);

/** Settles when the store is closed or the signal aborts. Keeps the process alive until then. */
async function storeEnds(store: Store, signal: AbortSignal): Promise<void> {
  try {
    await store.watch({ gte: NO_KEY, lte: NO_KEY }, { signal })[Symbol.asyncIterator]().next();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The queue of one store. */
export class Queue {
  readonly #store: Store;
  #listeners: Listener[] = [];
  /** The names of the messages that are being handled. */
  readonly #running = new Set<string>();
  /** What is being written about handled messages. */
  readonly #finishing = new Set<Promise<unknown>>();
  #timer: Timer | undefined;
  #isScheduled = false;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** The one queue of a store. */
  static of(store: Store): Queue {
    const queue = queues.get(store) ?? new Queue(store);
    queues.set(store, queue);
    return queue;
  }

  /** Calls `handler` with messages until the signal aborts or the store is closed. Keeps the process alive. */
  async listen(handler: Handler, signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        const end = (error?: unknown) => (error === undefined ? resolve() : reject(error));
        const listener = { handler, end };
        this.#listeners.push(listener);
        signal.addEventListener("abort", () => this.#remove(listener), { once: true });
        storeEnds(this.#store, ending.signal).then(() => this.#remove(listener), end);
        this.wake();
      });
      await Promise.allSettled(this.#finishing);
    } finally {
      ending.abort();
    }
  }

  /** Looks for messages soon. */
  wake(): void {
    if (this.#isScheduled || this.#listeners.length === 0) return;
    this.#isScheduled = true;
    Promise.resolve().then(() => {
      this.#isScheduled = false;
      this.#deliverDue();
    });
  }

  #remove(listener: Listener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
    if (this.#listeners.length === 0) this.#sleep(undefined);
    listener.end();
  }

  #sleep(ms: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer =
      ms === undefined ? undefined : setTimeout(() => this.#deliverDue(), Math.min(Math.ceil(ms), LONGEST_SLEEP_MS));
  }

  #deliverDue(): void {
    this.#sleep(undefined);
    if (this.#listeners.length === 0 || this.#running.size >= MOST_RUNNING) return;
    try {
      this.#deliverFrom(this.#store.keys({ prefix: Space.QUEUE, limit: MOST_RUNNING, keyEncoding: "bytes" }));
    } catch (error) {
      const isClosed = isErrorLike(error) && error.code === "STORE_CLOSED";
      for (const { end } of this.#listeners.splice(0)) end(isClosed ? undefined : error);
    }
  }

  #deliverFrom(keys: Iterable<Uint8Array>): void {
    const now = clock.now();
    for (const key of keys) {
      const name = nameOf(key);
      if (this.#running.has(name)) continue;
      const wait = dueOf(key) - now;
      if (wait > 0) this.#sleep(wait);
      // A handler may have closed the database.
      if (wait > 0 || this.#running.size >= MOST_RUNNING || this.#listeners.length === 0) return;
      this.#running.add(name);
      this.#deliver(key, name);
    }
  }

  async #deliver(key: Uint8Array, name: string): Promise<void> {
    // Listeners take turns.
    const listener = this.#listeners.shift() as Listener;
    this.#listeners.push(listener);
    let message: Message | undefined;
    let isDelivered = false;
    try {
      const value = this.#store.getSync(key);
      message = value && messageOf(key, value);
      if (message) await listener.handler(decodeValue(message.payload));
      isDelivered = true;
    } catch (error) {
      // As Deno does. Nobody else would hear of it.
      console.error("Exception in queue handler", error);
    }
    const finishing = this.#finish(key, message, isDelivered);
    this.#finishing.add(finishing);
    try {
      await finishing;
      this.#running.delete(name);
    } catch {
      // The message stays in the store. If the store is closed, it is delivered after the next open.
      setTimeout(() => this.#running.delete(name) && this.wake(), RETRY_MS).unref();
    }
    this.#finishing.delete(finishing);
    this.wake();
  }

  async #finish(key: Uint8Array, message: Message | undefined, isDelivered: boolean): Promise<void> {
    const remove = { type: "delete", key } as const;
    if (isDelivered || !message) return await this.#store.batch([remove]);
    const [delay, ...backoff] = message.backoff;
    if (delay !== undefined) {
      const again = messageOperation({ ...message, backoff, dueMs: clock.now() + delay });
      return await this.#store.batch([remove, again]);
    }
    const { payload: value, keysIfUndelivered } = message;
    const dead = keysIfUndelivered.map((bytes) => ({ type: "put", key: entryKey(bytes), value }) as const);
    await this.#store.batch([remove, ...dead]);
  }
}
