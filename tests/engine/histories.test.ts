/**
 * Random histories through the artefact, like the native ones in `engine/tests/database`. Every read agrees with a
 * plain history, across steps, compactions, snapshots, reopening and kills.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFileSystem } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import {
  type Backend,
  type ChangePlace,
  type Counted,
  NEWEST,
  type Page,
  type StoredVersion,
  type VersionPlace,
} from "../../src/backend.ts";
import { type ByteRange, restOf } from "../../src/byte_range.ts";
import { MemoryBackend } from "../../src/memory/backend.ts";
import { Engine } from "../../src/wasm/engine.ts";
import { loadEngine } from "../../src/wasm/load.ts";
import { bytesOf, latin, Model, sameBytes } from "./model.ts";

const HISTORIES = 40;
const STEPS = 150;
/** The first seed of the histories that once failed. */
const FIRST_SEED = 1000;
const KEPT_SEEDS: readonly number[] = [1, 2, 3, 352000983, 244784263];

/** The backend that a history uses. */
interface Subject {
  /** Opens a store that was closed, or that was killed after everything was written out. */
  open(kept: number): Promise<Backend>;
}

function engines(): Subject {
  const disk = new MemoryFileSystem();
  disk.makeDirectory("/store");
  return {
    async open(numVersionsToKeep) {
      const place = { fileSystem: disk, path: "/store", owned: () => true };
      const { compiled } = await loadEngine(undefined);
      const engine = await Engine.start(compiled, place);
      await engine.open({
        cacheSize: 1 << 20,
        writeBufferSize: 20_000,
        numVersionsToKeep,
        readOnly: false,
        compression: "none",
        shareBuffers: false,
      });
      return engine;
    },
  };
}

class History {
  readonly #random: Random;
  readonly #kept: number;
  readonly #subject: Subject;
  /** Whether the data survives a close. */
  readonly #lasts: boolean;
  readonly #model = new Model();
  #snapshots: number[] = [];
  #versions: number[] = [0];
  #backend!: Backend;

  constructor(seed: number, subject: Subject, lasts: boolean) {
    this.#random = new Random(seed);
    this.#kept = 1 + this.#random.below(3);
    this.#subject = subject;
    this.#lasts = lasts;
  }

  async run(): Promise<void> {
    this.#backend = await this.#subject.open(this.#kept);
    for (let i = 0; i < STEPS; i++) await this.#step();
    this.#check();
    this.#verify();
    await this.#reopen();
    this.#check();
    await this.#backend.disk?.close();
  }

  async #reopen(): Promise<void> {
    if (!this.#lasts) return;
    this.#snapshots = [];
    if (this.#random.below(2) === 0) {
      await this.#backend.disk?.close();
    } else {
      this.#backend.disk?.writeOutNow();
      this.#backend.abandon();
    }
    this.#backend = await this.#subject.open(this.#kept);
  }

  async #step(): Promise<void> {
    const choice = this.#random.below(100);
    if (choice < 50) this.#put();
    else if (choice < 60) this.#delete();
    else if (choice < 65) this.#batch();
    else if (choice < 75) for (let i = this.#random.below(20); i >= 0; i--) this.#backend.step();
    else if (choice < 80) this.#checkRange();
    else if (choice < 84) this.#openSnapshot();
    else if (choice < 88) this.#closeSnapshot();
    else if (choice < 92) for (let i = this.#random.below(30); i >= 0; i--) this.#backend.compactStep();
    else if (choice < 95) await this.#backend.disk?.sync();
    else if (choice < 97) await this.#reopen();
    else this.#check();
  }

  #key(): string {
    return Array.from({ length: 1 + this.#random.below(4) }, () => this.#random.pick(["a", "b", "\xff"])).join("");
  }

  #put(): void {
    const key = this.#key();
    const [value, expiresMs] = [this.#value(), this.#expiry()];
    this.#wrote(this.#backend.put(bytesOf(key), value, expiresMs), [{ key, value, expiresMs }]);
  }

  #delete(): void {
    const key = this.#key();
    this.#wrote(this.#backend.delete(bytesOf(key)), [{ key, value: undefined, expiresMs: 0 }]);
  }

  #batch(): void {
    const operations = Array.from({ length: 1 + this.#random.below(8) }, () =>
      this.#random.below(3) > 0
        ? { key: this.#key(), value: this.#value(), expiresMs: this.#expiry() }
        : { key: this.#key(), value: undefined, expiresMs: 0 },
    );
    const version = this.#backend.batch(operations.map((each) => ({ ...each, key: bytesOf(each.key) })));
    this.#wrote(version, [...new Map(operations.map((each) => [each.key, each])).values()]);
  }

  #value(): Uint8Array {
    const length = this.#random.pick([0, 10, 100, 100, 300, 5000]) + this.#random.below(50);
    return this.#random.below(200) === 0 ? new Uint8Array(1_200_000).fill(length) : this.#random.bytes(length);
  }

  #expiry(): number {
    return this.#random.pick([0, 0, 0, 0, 1, 4_000_000_000_000]);
  }

  #wrote(version: number, writes: { key: string; value: Uint8Array | undefined; expiresMs: number }[]): void {
    assert.ok(version > (this.#versions.at(-1) ?? 0), `version ${version} after ${this.#versions.at(-1)}`);
    this.#versions.push(version);
    for (const { key, value, expiresMs } of writes)
      this.#model.write(key, { version, value: value && Uint8Array.from(value), expiresMs });
  }

  #openSnapshot(): void {
    const version = this.#random.pick([this.#backend.version, ...this.#versions.slice(-5)]);
    if (this.#backend.openSnapshot(version)) this.#snapshots.push(version);
    else assert.ok(version < this.#backend.version, `no snapshot at ${version}`);
  }

  #closeSnapshot(): void {
    const version = this.#snapshots.shift();
    if (version !== undefined) this.#backend.closeSnapshot(version);
  }

  #range(): ByteRange {
    return {
      ...(this.#random.below(3) > 0 ? { lower: bytesOf(this.#key()), lowerIncluded: this.#random.below(2) === 0 } : {}),
      ...(this.#random.below(3) > 0 ? { upper: bytesOf(this.#key()), upperIncluded: this.#random.below(2) === 0 } : {}),
    };
  }

  #checkRange(): void {
    const versions: readonly (number | undefined)[] = [undefined, ...this.#snapshots];
    const version = versions[this.#random.below(versions.length)];
    const range: ByteRange = {
      ...this.#range(),
      ...(this.#random.below(3) === 0 ? { limit: 1 + this.#random.below(20) } : {}),
      ...(version === undefined ? {} : { version }),
      reverse: this.#random.below(2) === 0,
    };
    const expected = this.#model.scan(range);
    const found = this.#scan(range);
    assert.deepEqual(
      found.map(({ key, value }) => [latin(key), value.length]),
      expected.map(({ key, value }) => [latin(key), value.length]),
    );
    assert.ok(found.every(({ value }, i) => sameBytes(value, expected[i]?.value)));
    assert.equal(this.#count(range), expected.length);
  }

  /** Reads as an iterator does, but without a snapshot: nothing is written in between. */
  #scan(range: ByteRange): { key: Uint8Array; value: Uint8Array }[] {
    const found: { key: Uint8Array; value: Uint8Array }[] = [];
    for (let rest: ByteRange | undefined = range; rest; ) {
      const page: Page<"bytes"> = this.#backend.scan(rest, { encoding: "bytes", strip: 0 });
      found.push(...page.keys.map((key, i) => ({ key, value: page.values[i] ?? new Uint8Array(0) })));
      rest = page.last && restOf(rest, page.last, page.keys.length);
    }
    return found;
  }

  #count(range: ByteRange): number {
    let count = 0;
    for (let rest: ByteRange | undefined = range; rest; ) {
      const counted: Counted = this.#backend.count(rest);
      count += counted.count;
      rest = counted.last && restOf(rest, counted.last, counted.count);
    }
    return count;
  }

  /** All changes of a range after a version, in both ways of finding them. */
  #checkChanges(): void {
    const { changesFrom, version: until } = this.#backend;
    const most = this.#model.highestLoss(this.#kept);
    assert.ok(changesFrom <= most, `changes from ${changesFrom}, and none behind ${most} went`);
    const since = this.#random.pick([changesFrom, ...this.#versions.filter((version) => version > changesFrom)]);
    const range = this.#range();
    const expected = this.#model.changes(range, since);
    const shown = (key: string, version: number, value: Uint8Array | undefined) => `${key} ${version} ${value?.length}`;
    const wanted = expected.map(({ key, version, value }) => shown(key, version, value));
    const found: string[] = [];
    let place: ChangePlace | undefined = { version: since + 1, key: new Uint8Array(0) };
    while (place) {
      const page = this.#backend.commits(range, place, until);
      if (!page) break;
      found.push(...page.changes.map(({ key, version, value }) => shown(latin(key), version, value)));
      place = page.next;
      if (!place) assert.deepEqual(found, wanted, `commits after ${since}`);
    }
    // In memory, changes are looked up by key only if they are not known by commit.
    if (this.#lasts) {
      assert.deepEqual(this.#changesByKey(range, since, until), [...wanted].sort(), `changes after ${since}`);
    }
    assert.equal(this.#backend.changed(range, since), expected.length > 0);
  }

  #changesByKey(range: ByteRange, since: number, until: number): string[] {
    const found: string[] = [];
    let place: ChangePlace | undefined;
    do {
      const page = this.#backend.changes(range, { since, until }, place);
      for (const { key, version, value } of page.changes) {
        const known = this.#model.versions.get(latin(key))?.find((each) => each.version === version);
        found.push(`${latin(key)} ${version} ${value && known?.value?.length}`);
      }
      place = page.next;
    } while (place);
    return found.sort();
  }

  #check(): void {
    for (const key of this.#model.versions.keys()) {
      for (const version of [undefined, ...this.#snapshots]) {
        const expected = this.#model.get(key, version);
        assert.ok(sameBytes(this.#backend.get(bytesOf(key), version ?? NEWEST), expected), `'${key}' at ${version}`);
        assert.equal(this.#backend.versionOf(bytesOf(key), version ?? NEWEST) !== undefined, expected !== undefined);
      }
      const versions: StoredVersion[] = [];
      for (let place: VersionPlace | undefined, more = true; more; more = place !== undefined) {
        const page = this.#backend.versions(bytesOf(key), place);
        versions.push(...page.versions);
        place = page.next;
      }
      assert.ok(this.#model.explains(key, versions, this.#kept), `versions of '${key}'`);
    }
    this.#checkRange();
    this.#checkChanges();
  }

  #verify(): void {
    for (let first = true, more = true; more; first = false) {
      const step = this.#backend.verifyStep(first);
      assert.deepEqual(step.damages, []);
      more = step.more;
    }
  }
}

async function runAll(subject: () => Subject, lasts: boolean): Promise<void> {
  const seeds = Array.from({ length: HISTORIES }, (_, i) => FIRST_SEED + i);
  for (const seed of [...KEPT_SEEDS, ...seeds]) {
    try {
      await new History(seed, subject(), lasts).run();
    } catch (cause) {
      throw new Error(`The history of seed ${seed} failed`, { cause });
    }
  }
}

test(`${HISTORIES} random histories of the engine agree with a plain model`, async () => {
  await runAll(engines, true);
});

test(`${HISTORIES} random histories of the backend in memory agree with a plain model`, async () => {
  await runAll(() => ({ open: async (kept) => new MemoryBackend(kept) }), false);
});
