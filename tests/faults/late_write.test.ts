/**
 * A process stands still between its look at the lock and a write, and another one takes the directory over meanwhile.
 * That write is never acknowledged: the other one read the log before it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type DirectoryLock, MemoryFileSystem, open } from "../../mod.ts";
import { clock } from "../../src/clock.ts";
import { storeError } from "../support/expect.ts";
import { ObservedFileSystem } from "../support/observed_file_system.ts";

/** A disk whose lock is lost inside the next write to the log, as if that took a second. */
class SlowDisk extends ObservedFileSystem {
  isHeld = true;
  stops = false;
  readonly #now = clock.now;

  constructor() {
    super(new MemoryFileSystem(), {
      before: ({ name, path }) => {
        if (!this.stops || name !== "write" || !path.includes("/log/")) return;
        this.isHeld = this.stops = false;
        clock.now = () => this.#now() + 1000;
      },
    });
  }

  override async lock(path: string): Promise<DirectoryLock> {
    const lock = await super.lock(path);
    return { held: () => this.isHeld && lock.held(), release: () => lock.release() };
  }

  [Symbol.dispose](): void {
    clock.now = this.#now;
  }
}

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

for (const durable of [true, false]) {
  test(`a write that comes late is not acknowledged, with durable: ${durable}`, async () => {
    using disk = new SlowDisk();
    const store = await open({ path: "/data", fileSystem: disk, logger });
    await store.put("a", "1", { durable });
    disk.stops = true;
    await assert.rejects(store.put("b", "2", { durable }), storeError("LOCK_LOST"));
    assert.throws(() => store.getSync("a"), storeError("STORE_FAILED"));
    await store.close();
  });

  test(`a write without a promise that comes late throws, with durable: ${durable}`, async () => {
    using disk = new SlowDisk();
    const store = await open({ path: "/data", fileSystem: disk, logger });
    store.putSync("a", "1", { durable });
    disk.stops = true;
    assert.throws(() => store.putSync("b", "2", { durable }), storeError("LOCK_LOST"));
    await store.close();
  });
}
