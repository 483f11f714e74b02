/**
 * The simulated disk: what is durable, and what a power cut may leave.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, type SledStore } from "../../mod.ts";
import {
  type CrashState,
  diskAfter,
  pendingChanges,
  sampledState,
  smallStates,
} from "../../scripts/campaigns/simulate/crash_states.ts";
import { SimulatedDisk } from "../../scripts/campaigns/simulate/disk.ts";
import { Random } from "../../scripts/lib/random.ts";

const FILE = { write: true, create: true };
const bytes = (text: string) => new TextEncoder().encode(text);

/** The contents of some states of a disk: names with bytes. */
function contents(disk: SimulatedDisk, states: readonly CrashState[]): Set<string> {
  const capture = disk.capture();
  return new Set(states.map((state) => content(diskAfter(capture, state))));
}

function content(disk: SimulatedDisk): string {
  const text = (path: string) => new TextDecoder().decode(disk.file(path).live.bytes());
  return disk
    .paths()
    .map((path) => `${path}=${text(path)}`)
    .sort()
    .join(" ");
}

function allStates(disk: SimulatedDisk): CrashState[] {
  const changes = pendingChanges(disk.capture());
  const random = new Random(1);
  return [...smallStates(changes), ...Array.from({ length: 2000 }, () => sampledState(changes, random))];
}

describe("simulated disk", () => {
  test("a synced file has no name before its directory is synced", () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", FILE);
    file.write(bytes("1"), 0);
    file.sync();
    assert.deepEqual(contents(disk, allStates(disk)), new Set(["", "a=1"]));
    disk.syncDirectory("");
    assert.deepEqual(contents(disk, allStates(disk)), new Set(["a=1"]));
  });

  test("any of two writes may be lost, and the bytes of one with its size kept", () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", FILE);
    disk.syncDirectory("");
    file.write(bytes("x"), 0);
    file.write(bytes("y"), 1);
    const found = contents(disk, allStates(disk));
    for (const expected of ["a=", "a=x", "a=xy", "a=\0y", "a=\0"]) assert.ok(found.has(expected), `no '${expected}'`);
  });

  test("after a rename there may be the old name, the new one, both or neither", () => {
    const disk = new SimulatedDisk();
    const file = disk.open("old", FILE);
    file.write(bytes("1"), 0);
    file.sync();
    disk.syncDirectory("");
    disk.rename("old", "new");
    assert.deepEqual(contents(disk, allStates(disk)), new Set(["old=1", "new=1", "new=1 old=1", ""]));
  });

  test("a completed sync makes durable what was written before it began", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", FILE);
    disk.syncDirectory("");
    file.write(bytes("1"), 0);
    const sync = file.syncOffThread();
    file.write(bytes("2"), 1);
    assert.ok(contents(disk, allStates(disk)).has("a="));
    disk.completeSync();
    await sync;
    const found = contents(disk, allStates(disk));
    assert.ok(!found.has("a=") && found.has("a=1") && found.has("a=12"));
  });

  test("a write of some sectors may be torn at each border", () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", FILE);
    file.write(new Uint8Array(2048), 0);
    file.sync();
    disk.syncDirectory("");
    file.write(new Uint8Array(2048).fill(1), 0);
    const capture = disk.capture();
    const borders = new Set(
      allStates(disk).map((state) => {
        const after = diskAfter(capture, state).file("a").live.bytes();
        const first = after.indexOf(0);
        return after.includes(1) && first > 0 ? first : 0;
      }),
    );
    for (const border of [512, 1024, 1536]) assert.ok(borders.has(border), `never torn at ${border}`);
  });

  test("writes after a crash do not change other views of the disk before it", () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", FILE);
    file.write(bytes("1"), 0);
    const [, all] = smallStates(pendingChanges(disk.capture())).map((state) => diskAfter(disk.capture(), state));
    assert.ok(all);
    const before = content(disk);
    for (const path of all.paths()) all.open(path, { write: true }).write(bytes("9"), 0);
    assert.equal(content(disk), before);
  });
});

describe("faults that simulations found", () => {
  const config = { path: "data", wasm: new URL("../../engine/luge_engine.wasm", import.meta.url) };

  /** Opens a store on a disk whose syncs end at once. */
  async function opened(disk: SimulatedDisk): Promise<SledStore> {
    let isDone = false;
    const opening = open({ ...config, fileSystem: disk }).finally(() => {
      isDone = true;
    });
    opening.catch(() => {});
    while (!isDone) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      while (disk.syncsInFlight > 0) disk.completeSync();
    }
    return await opening;
  }

  const none: CrashState = { label: "none", fateOf: () => "lost", isKill: false };

  test("a version that was seen is never used again, even if its commit was lost", async () => {
    const disk = new SimulatedDisk();
    const store = await opened(disk);
    store.put("key", "value").catch(() => {});
    const seen = store.getEntrySync("key")?.version ?? 0;
    assert.ok(seen > 0);
    const after = await opened(diskAfter(disk.capture(), none));
    assert.equal(after.getSync("key"), undefined);
    assert.ok(after.version >= seen, `version ${after.version} after ${seen}`);
  });

  test("verify reports no damage for a log segment whose creation was torn", async () => {
    const disk = new SimulatedDisk();
    const store = await opened(disk);
    let torn: SimulatedDisk | undefined;
    disk.events = {
      changed: ({ name, path }) => {
        if (name === "open" && path.startsWith("data/log/")) {
          torn ??= diskAfter(disk.capture(), { label: "all", fateOf: () => "kept", isKill: true });
        }
      },
    };
    store.put("key", "value").catch(() => {});
    assert.ok(torn);
    const after = await opened(torn);
    assert.deepEqual((await after.verify()).damages, []);
  });
});
