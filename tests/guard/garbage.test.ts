/**
 * How many bytes of garbage calls leave on Node, which counts its allocations; and the size of the engine.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { getHeapStatistics } from "node:v8";
import { brotliCompressSync } from "node:zlib";
import { MemoryFileSystem, open, type SledStore } from "../../mod.ts";
import { WORKER_CODE } from "../../src/fs/worker/worker_code.ts";
import { nodeTest } from "../support/node_only.ts";
import { LIMITS } from "./limits.ts";
import { within } from "./within.ts";

const CALLS = 50_000;
const KEYS = Array.from({ length: 1000 }, (_, i) => `k${String(i).padStart(11, "0")}`);
const VALUE = new Uint8Array(100);

/** How many bytes the process has allocated since it began. Never decreases, even after a garbage collection. */
function allocatedBytes(): number {
  const { total_allocated_bytes: bytes } = getHeapStatistics() as { total_allocated_bytes?: number };
  assert.ok(bytes !== undefined, "this Node does not count what it allocates");
  return bytes;
}

/**
 * How many bytes a call allocates once it is compiled: the minimum of several rounds, because compilers allocate, too.
 */
function bytesOf(call: (key: string) => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = allocatedBytes();
    for (let i = 0; i < CALLS; i++) call(KEYS[i % KEYS.length] as string);
    least = Math.min(least, (allocatedBytes() - before) / CALLS);
  }
  return least;
}

async function withEntries(run: (store: SledStore) => void): Promise<void> {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), syncWrites: false });
  await store.batch(KEYS.map((key) => ({ type: "put", key, value: VALUE })));
  run(store);
}

nodeTest("garbage of a get and a has, found or not", () =>
  withEntries((store) => {
    within(
      "getGarbageBytes",
      bytesOf((key) => void store.getSync(key)),
    );
    within(
      "hasGarbageBytes",
      bytesOf((key) => void store.hasSync(key)),
    );
    within(
      "missGarbageBytes",
      bytesOf(() => void store.getSync("nowhere")),
    );
  }),
);

nodeTest("garbage of a put", () =>
  withEntries((store) =>
    within(
      "putSyncGarbageBytes",
      bytesOf((key) => store.putSync(key, VALUE)),
    ),
  ),
);

nodeTest("garbage of an increment in a batch of a hundred", () =>
  withEntries((store) => {
    const operations = KEYS.slice(0, 100).map((key) => ({ type: "increment", key: `n${key}` }) as const);
    let calls = 0;
    const increment = () => {
      calls += 1;
      if (calls % operations.length === 0) store.batchSync(operations);
    };
    within("incrementGarbageBytes", bytesOf(increment));
  }),
);

nodeTest("garbage of an entry of a scan", () =>
  withEntries((store) => {
    let entries = 0;
    let least = Number.POSITIVE_INFINITY;
    // The compiler runs in parallel, and is late on a busy machine. A call that is really above the limit stays there
    // in all rounds.
    for (let round = 0; round < 8000 && least > LIMITS.scanEntryGarbageBytes; round++) {
      const before = allocatedBytes();
      entries = 0;
      for (const [key, value] of store.entries()) if (key.length === 12 && value.length === 100) entries += 1;
      least = Math.min(least, (allocatedBytes() - before) / entries);
    }
    assert.equal(entries, KEYS.length);
    within("scanEntryGarbageBytes", least);
  }),
);

nodeTest("the size of the engine", () => {
  const artefact = readFileSync(new URL("../../engine/luge_engine.wasm", import.meta.url));
  within("artefactBytes", artefact.length + WORKER_CODE.length);
  within("artefactBrotliBytes", brotliCompressSync(artefact).length);
});
