/**
 * Compares the reads of a transaction with all later commits, in steps. Others commit between the steps.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFileSystem } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import type { Backend } from "../../src/backend.ts";
import { type ByteRange, isInRange } from "../../src/byte_range.ts";
import { nameOf } from "../../src/bytes.ts";
import { MemoryBackend } from "../../src/memory/backend.ts";
import { type Checked, ConflictCheck, type ReadSet } from "../../src/store/conflict_check.ts";
import { Engine } from "../../src/wasm/engine.ts";
import { loadEngine } from "../../src/wasm/load.ts";

const KEYS = 40_000;

function keyOf(i: number): Uint8Array {
  return Uint8Array.of(i >> 16, i >> 8, i);
}

async function startEngine(): Promise<Engine> {
  const fileSystem = new MemoryFileSystem();
  fileSystem.makeDirectory("/store");
  const { compiled } = await loadEngine(undefined);
  const engine = await Engine.start(compiled, { fileSystem, path: "/store", owned: () => true });
  const sizes = { cacheSize: 1 << 20, writeBufferSize: 1 << 20 };
  await engine.open({ ...sizes, numVersionsToKeep: 1, readOnly: false, compression: "none", shareBuffers: false });
  return engine;
}

const BACKENDS = Object.entries({ memory: async () => new MemoryBackend(1), disk: startEngine });

/** Makes commits, and remembers what they wrote since a version. */
class Writer {
  readonly #backend: Backend;
  readonly #random: Random;
  readonly written: Uint8Array[] = [];

  constructor(backend: Backend, random: Random) {
    this.#backend = backend;
    this.#random = random;
  }

  /** Writes `count` keys below a limit. */
  commit(count: number, below: number): void {
    const keys = Array.from({ length: count }, () => keyOf(this.#random.below(below)));
    this.#backend.batch(keys.map((key) => ({ key, value: Uint8Array.of(1), expiresMs: 0 })));
    this.written.push(...keys);
    // Meanwhile the writes move into the table.
    if (this.#random.below(2) === 0) while (this.#backend.hasWork && this.#backend.step());
  }
}

function readSet(random: Random, below: number): ReadSet {
  const keys = new Map<string, Uint8Array>();
  const count = random.pick([0, 3, 63, 200, 2000]);
  for (let i = 0; i < count; i++) {
    const key = keyOf(below + random.below(KEYS - below));
    keys.set(nameOf(key), key);
  }
  const ranges = Array.from({ length: random.pick([0, 1, 5, 800]) }, (): ByteRange => {
    const start = below + random.below(KEYS - below);
    const ends = { lower: keyOf(start), upper: random.below(9) === 0 ? undefined : keyOf(start + random.below(50)) };
    return { ...ends, lowerIncluded: random.below(2) === 0, upperIncluded: random.below(2) === 0 };
  });
  return { keys, ranges };
}

function isTouched({ keys, ranges }: ReadSet, written: readonly Uint8Array[]): boolean {
  return written.some((key) => keys.has(nameOf(key)) || ranges.some((range) => isInRange(range, key)));
}

async function checkHistories(start: () => Promise<Backend>): Promise<Record<string, number>> {
  const random = new Random(20);
  const backend = await start();
  const seen = { changed: 0, unchanged: 0, steps: 0 };
  new Writer(backend, random).commit(10_000, KEYS);
  for (let round = 0; round < 30; round++) {
    // The reads are above the keys of most commits, so the check must skip many commits.
    const below = random.pick([1, KEYS / 2, KEYS - 100]);
    const reads = readSet(random, below);
    const since = backend.version;
    assert.ok(backend.openSnapshot(since));
    const writer = new Writer(backend, random);
    for (let i = random.below(5); i > 0; i--)
      writer.commit(1 + random.below(9000), random.pick([below, below, below, KEYS]));
    const check = new ConflictCheck(reads, since);
    let checked: Checked = check.step(backend);
    for (let more = 3; checked === "more"; more--) {
      seen.steps += 1;
      if (more > 0) writer.commit(1 + random.below(3000), random.pick([below, below, below, KEYS]));
      checked = check.step(backend);
    }
    const expected = isTouched(reads, writer.written) ? "changed" : "unchanged";
    assert.equal(checked, expected, `round ${round}`);
    assert.equal(check.changed !== undefined, expected === "changed");
    if (check.changed) assert.ok(isTouched({ keys: new Map(), ranges: [check.changed] }, writer.written));
    seen[expected] += 1;
    backend.closeSnapshot(since);
  }
  return seen;
}

for (const [name, start] of BACKENDS) {
  test(`${name}: a check finds a change of what was read, also a change between its steps`, async () => {
    const seen = await checkHistories(start);
    for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what}: ${count}`);
  });
}

for (const [name, start] of BACKENDS) {
  test(`${name}: commits of keys alone come without their values`, async () => {
    const backend = await start();
    const since = backend.version;
    const value = new Uint8Array(100);
    backend.batch([0, 1, 2].map((i) => ({ key: keyOf(i), value: i === 1 ? undefined : value, expiresMs: 0 })));
    const found = (keysOnly: boolean) =>
      backend
        .commits({ keysOnly }, { version: since + 1, key: new Uint8Array(0) }, backend.version)
        ?.changes.map((change) => change.value?.length);
    assert.deepEqual(found(false), [100, undefined, 100]);
    assert.deepEqual(found(true), [0, undefined, 0]);
  });
}

test("a commit is looked at only once", async () => {
  const backend = await startEngine();
  const since = backend.version;
  const writer = new Writer(backend, new Random(1));
  const check = new ConflictCheck({ keys: new Map(), ranges: [{ lower: keyOf(KEYS) }] }, since);
  const before = backend.metrics().entriesVisited;
  for (let i = 0; i < 50; i++) {
    writer.commit(100, KEYS);
    while (check.step(backend) === "more");
  }
  const visited = backend.metrics().entriesVisited - before;
  assert.ok(visited <= writer.written.length * 1.1, `${visited} for ${writer.written.length}`);
});
