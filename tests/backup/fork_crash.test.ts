/**
 * Power cuts during a fork: the directory is missing, or has the whole fork.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import { type FileSystem, open, type SledStore } from "../../mod.ts";
import { contentsOf, writeAtRandom } from "../../scripts/campaigns/backups/contents.ts";
import {
  type CrashState,
  diskAfter,
  diskAfterKill,
  pendingChanges,
  sampledState,
  smallStates,
} from "../../scripts/campaigns/simulate/crash_states.ts";
import { type Capture, type DiskCall, SimulatedDisk } from "../../scripts/campaigns/simulate/disk.ts";
import { Random } from "../../scripts/lib/random.ts";

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const SEED = 20_271_127;
/** The test tries every n-th moment of a fork. */
const STRIDE = 3;
const SAMPLES = 3;

/** Everything that was not synced is lost. */
const LOST: CrashState = { label: "none", fateOf: () => "lost", isKill: false };

const openOn = (fileSystem: FileSystem, path: string): Promise<SledStore> =>
  open({ path, fileSystem, writeBufferSize: 256 * 1024, logger: SILENT });

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Ends the syncs of a disk until `work` is done. */
async function syncing<T>(disk: SimulatedDisk, work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  while (!isOver) {
    disk.completeSync();
    await nextTurn();
  }
  return await work;
}

interface Moment {
  readonly capture: Capture;
  readonly call: DiskCall;
}

test("a fork is missing or whole after any power cut, and the store is as it was", async () => {
  const moments: Moment[] = [];
  const disk = new SimulatedDisk();
  disk.makeDirectory("/data");
  disk.syncDirectory("/");
  const store = await syncing(disk, openOn(disk, "/data/store"));
  await syncing(disk, writeAtRandom(store, 1, 1500, 20_000));
  const contents = contentsOf(store);
  let calls = 0;
  disk.events = {
    changed: (call) => {
      calls += 1;
      if (calls % STRIDE === 0) moments.push({ capture: disk.capture(), call });
    },
  };
  const { version, copyReason } = await syncing(disk, store.fork("/data/fork"));
  disk.events = {};
  moments.push({ capture: disk.capture(), call: { name: "syncDone", path: "the end" } });
  assert.equal(copyReason, undefined);
  assert.ok(moments.length > 10, `${moments.length} moments`);
  const random = new Random(SEED);
  const seen = { missing: 0, whole: 0 };
  const settled = diskAfter(disk.capture(), LOST);
  assert.ok(settled.stat("/data/fork"), "what was made is durable");
  for (const [i, { capture, call }] of moments.entries()) {
    const changes = pendingChanges(capture);
    const states = [...smallStates(changes).slice(0, 4)];
    if (changes.length > 0) for (let n = 0; n < SAMPLES; n++) states.push(sampledState(changes, random));
    for (const state of states) {
      const where = `moment ${i}, ${call.name} ${call.path}, state ${state.label}`;
      const after = state.isKill ? diskAfterKill(capture) : diskAfter(capture, state);
      if (after.stat("/data/fork") === undefined) {
        seen.missing += 1;
      } else {
        seen.whole += 1;
        const fork = await syncing(after, openOn(after, "/data/fork"));
        assert.deepEqual([fork.version, contentsOf(fork)], [version, contents], where);
        assert.deepEqual((await syncing(after, fork.verify())).damages, [], where);
        await syncing(after, fork.put("later", ""));
        await syncing(after, fork.close());
      }
      const again = await syncing(after, openOn(after, "/data/store"));
      assert.deepEqual(contentsOf(again), contents, where);
      assert.deepEqual((await syncing(after, again.verify())).damages, [], where);
      await syncing(after, again.close());
    }
  }
  assert.ok(seen.missing > 10 && seen.whole > 0, JSON.stringify(seen));
  await syncing(disk, store.close());
});
