/**
 * The commits of an open store. Writes settle in groups. The background work after them runs between the groups.
 *
 * @module
 */

import type { Backend, Operations } from "../backend.ts";
import { Background } from "../commit/background.ts";
import { afterLightWork, runInSteps, Turns } from "../commit/event_loop.ts";
import { CommitQueue } from "../commit/queue.ts";
import type { StoreCore } from "./core.ts";

/** The weight, as light work, of a flush or a transaction that has nothing to write. */
export const NO_COMMIT = 8;

/** The writes of one store. */
export class Commits {
  readonly #core: StoreCore;
  /** The queue that a write waits for. */
  readonly writes: CommitQueue;
  /** The queue that a flush waits for. */
  readonly flushes: CommitQueue;
  /** The queue of writes that need not be durable although the others are. */
  readonly #soon: CommitQueue;
  readonly #background: Background;
  readonly #turns = new Turns();
  /** How many commits no group has yet. */
  #waiting = 0;

  constructor(core: StoreCore) {
    this.#core = core;
    this.writes = new CommitQueue(() => {
      const { syncWrites } = core.behaviour;
      const committing = this.#settle(syncWrites, ({ disk }) => (syncWrites ? disk?.sync() : disk?.writeOut()));
      if (committing) return committing.then(() => this.#catchUp());
      return core.isBehind ? this.#catchUp() : this.#turns.next();
    });
    this.flushes = new CommitQueue(() => this.#settle(true, ({ disk }) => disk?.sync()) ?? afterLightWork(NO_COMMIT));
    this.#soon = new CommitQueue(() => {
      core.assertSound("commit");
      const written = core.run(({ disk }) => disk?.writeOut());
      // Nobody waits for this sync. If it fails, the store fails, and the next call says so.
      this.writes.committed().catch(() => {});
      if (written) return written.then(() => this.#catchUp());
      return core.isBehind ? this.#catchUp() : this.#turns.next();
    });
    this.#background = new Background(
      () => core.step(),
      () => core.congestion(),
    );
  }

  /**
   * Settles once the writes so far are durable, or, if `durable` is `false`, once they survive the end of the process.
   * Without it, `syncWrites` decides.
   */
  committed(durable: boolean | undefined): Promise<void> {
    const { syncWrites } = this.#core.behaviour;
    if (durable === undefined || durable === syncWrites) return this.writes.committed();
    return durable ? this.flushes.committed() : this.#soon.committed();
  }

  /** Writes all or none of the operations. */
  batch(operations: Operations): void {
    const core = this.#core;
    const version = core.run((backend) => backend.batch(operations));
    if (core.watchers.areLookingOut) for (const { key } of operations) core.watchers.wrote(key, version);
    core.version = version;
    this.#waiting += 1;
    this.wake();
  }

  /** Records a commit of one key. */
  wrote(version: number, key: Uint8Array): void {
    this.#waiting += 1;
    if (this.#core.wrote(version, key)) this.#background.wake();
  }

  /** As {@linkcode Commits.committed}, but returns when it is done. */
  commitNow(durable?: boolean): void {
    const { behaviour, version, observer } = this.#core;
    const isDurable = durable ?? behaviour.syncWrites;
    const commits = this.#takeWaiting();
    const start = commits > 0 ? observer.commit(isDurable && this.#core.hasDisk) : undefined;
    this.#core.run(({ disk }) => (isDurable ? disk?.syncNow() : disk?.writeOutNow()));
    if (start) observer.committed(start, { version, commits });
    if (isDurable || !behaviour.syncWrites) this.#core.told(version);
    else this.writes.committed().catch(() => {});
  }

  /** Settles once everything written before is durable. */
  async flush(): Promise<void> {
    this.#core.assertOpen("flush");
    await this.flushes.committed();
  }

  /** As {@linkcode Commits.flush}, and returns when it is done. */
  flushNow(): void {
    this.#core.assertOpen("flush");
    this.#core.run(({ disk }) => disk?.syncNow());
    this.#core.told(this.#core.version);
  }

  #takeWaiting(): number {
    const count = this.#waiting;
    this.#waiting = 0;
    return count;
  }

  /** Starts the background work after the commits, if there is any. */
  wake(): void {
    if (this.#core.hasWork) this.#background.wake();
  }

  /** Stops the background work. */
  stop(): void {
    this.#background.stop();
  }

  /** Settles once nothing waits any more, even after a failure. */
  async drained(): Promise<void> {
    await this.#soon.drained();
    await this.writes.drained();
    await this.flushes.drained();
  }

  /** Begins to commit the waiting writes, unless the store failed meanwhile. */
  #settle(isDurable: boolean, commit: (backend: Backend) => Promise<void> | undefined): Promise<void> | undefined {
    const core = this.#core;
    core.assertSound("commit");
    const { version, observer } = core;
    const commits = this.#takeWaiting();
    const start = commits > 0 ? observer.commit(isDurable && core.hasDisk) : undefined;
    const committing = core.run(commit);
    const settled = () => {
      if (start) observer.committed(start, { version, commits });
      core.told(version);
    };
    if (!committing) {
      settled();
      return undefined;
    }
    return committing.then(settled, (error: unknown) => {
      if (start) observer.committed(start, { version, commits }, error);
      core.failCommit(error);
    });
  }

  /**
   * Makes writers wait until the background work has caught up. This bounds the open work and its memory. No write has to do the
   * work itself.
   */
  async #catchUp(): Promise<void> {
    const core = this.#core;
    const step = () => core.isBehind && !core.isClosing && core.step();
    await runInSteps(step, { wait: () => core.congestion() });
  }
}
