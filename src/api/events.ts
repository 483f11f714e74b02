/**
 * What a store tells through `node:diagnostics_channel`.
 *
 * @module
 */

/** What all messages have. */
export interface StoreEvent {
  /** The directory of the store; `undefined` for a `MemoryStore`. */
  readonly path: string | undefined;
}

/** Something that has ended. It began `durationMs` earlier. */
export interface TimedEvent extends StoreEvent {
  /** In milliseconds. */
  readonly durationMs: number;
  /** Why it failed; absent after a success. */
  readonly error?: unknown;
}

/** A group of writes is committed. */
export interface CommitEvent extends TimedEvent {
  /** The newest version of the group. */
  readonly version: number;
  /** How many commits the group has. A batch is one. */
  readonly commits: number;
  /** How much of the time syncs of the log took, in milliseconds. */
  readonly syncMs: number;
  /** How much of the time steps of the background work took, in milliseconds. */
  readonly stepMs: number;
}

/**
 * A store was opened, or could not be opened.
 *
 * @example
 * ```ts
 * import { MemoryFileSystem, open, type OpenEvent, type StoreEvent } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { subscribe } from "node:diagnostics_channel";
 *
 * const opened: OpenEvent[] = [];
 * subscribe("luge:open", (message) => void opened.push(message as OpenEvent));
 * await using store = await open({ path: "/data", fileSystem: new MemoryFileSystem() });
 * const event: StoreEvent | undefined = opened.find(({ error }) => error === undefined);
 * assert.equal(event?.path, store.path);
 * ```
 */
export interface OpenEvent extends TimedEvent {
  /** How long `open` waited until it had the directory, in milliseconds. */
  readonly lockMs: number;
}

/**
 * A store has failed.
 *
 * @example
 * ```ts
 * import { type FailureEvent } from "@luge/luge";
 * import { subscribe } from "node:diagnostics_channel";
 *
 * subscribe("luge:error", (message) => {
 *   const { path, error } = message as FailureEvent;
 *   console.error(`'${path}' failed`, error);
 * });
 * ```
 */
export interface FailureEvent extends StoreEvent {
  /** Why. */
  readonly error: unknown;
}

/**
 * The messages of each channel of `node:diagnostics_channel`. A store makes a message only while its channel has
 * subscribers.
 *
 * @example
 * ```ts
 * import { type CommitEvent, MemoryStore, type StoreEvents } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { subscribe, unsubscribe } from "node:diagnostics_channel";
 *
 * const name: keyof StoreEvents = "luge:commit";
 * const seen: CommitEvent[] = [];
 * const see = (message: unknown) => void seen.push(message as CommitEvent);
 * subscribe(name, see);
 * const store = new MemoryStore();
 * await store.put("key", "value");
 * unsubscribe(name, see);
 * assert.deepEqual([seen[0]?.commits, seen[0]?.version], [1, 1]);
 * ```
 */
export interface StoreEvents {
  /** After `open`, also if it failed, but not for a wrong option. */
  readonly "luge:open": OpenEvent;
  /** After each group of writes, also if it failed. */
  readonly "luge:commit": CommitEvent;
  /** Syncs of the log are done. */
  readonly "luge:sync": TimedEvent;
  /** A step of the background work. */
  readonly "luge:background": TimedEvent;
  /** After `close`, unless the store failed before. */
  readonly "luge:close": TimedEvent;
  /** When the store fails. */
  readonly "luge:error": FailureEvent;
}
