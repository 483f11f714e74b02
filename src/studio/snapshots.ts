/**
 * Snapshots of the past, which pages of a list share.
 *
 * @module
 */

import type { AsyncStore } from "../api/async_store.ts";
import type { AsyncSnapshot } from "../api/reader.ts";

/** A snapshot keeps old versions in the store, so a few must do. */
const MOST = 4;
/** How long a snapshot stays after its last use. */
const IDLE_MS = 60_000;

interface Held {
  readonly snapshot: AsyncSnapshot;
  timer: ReturnType<typeof setTimeout>;
  users: number;
  isOver: boolean;
}

/** A snapshot in use. */
export interface OpenedSnapshot {
  readonly snapshot: AsyncSnapshot;
  /** Tells that it failed, such as that of a version that the server removed: it is not used again. */
  fail(): void;
  release(): void;
}

/** Opens a snapshot for each version that is looked at. Ends it a minute after its last use, or when there are too many. */
export class Snapshots {
  readonly #store: AsyncStore;
  /** The one that was used last is the last. */
  readonly #held = new Map<number, Held>();

  constructor(store: AsyncStore) {
    this.#store = store;
  }

  /** Reads the store as it was at a version, or as it is now. */
  async read<T>(version: number | undefined, use: (snapshot: AsyncSnapshot) => Promise<T>): Promise<T> {
    const opened = this.open(version);
    try {
      return await use(opened.snapshot);
    } catch (error) {
      opened.fail();
      throw error;
    } finally {
      opened.release();
    }
  }

  /** As {@linkcode Snapshots.read}, until `release` is called. */
  open(version: number | undefined): OpenedSnapshot {
    if (version === undefined) {
      const snapshot = this.#store.snapshot();
      return { snapshot, fail: () => {}, release: () => snapshot.dispose() };
    }
    const held = this.#take(version);
    held.users += 1;
    return {
      snapshot: held.snapshot,
      fail: () => this.#end(version, held),
      release: () => {
        held.users -= 1;
        if (held.isOver && held.users === 0) held.snapshot.dispose();
      },
    };
  }

  /** Ends all snapshots. */
  close(): void {
    for (const [version, held] of this.#held) this.#end(version, held);
  }

  #take(version: number): Held {
    const found = this.#held.get(version);
    const end = (held: Held) => setTimeout(() => this.#end(version, held), IDLE_MS);
    if (found) {
      clearTimeout(found.timer);
      this.#held.delete(version);
      this.#held.set(version, found);
      found.timer = end(found);
      return found;
    }
    const [oldest] = this.#held;
    if (oldest && this.#held.size >= MOST) this.#end(...oldest);
    const held = { snapshot: this.#store.snapshot({ version }), users: 0, isOver: false } as unknown as Held;
    held.timer = end(held);
    this.#held.set(version, held);
    return held;
  }

  #end(version: number, held: Held): void {
    clearTimeout(held.timer);
    if (this.#held.get(version) === held) this.#held.delete(version);
    if (held.isOver) return;
    held.isOver = true;
    if (held.users === 0) held.snapshot.dispose();
  }
}
