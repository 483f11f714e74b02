/**
 * Random histories through the artefact, as `engine/tests/database` has them natively: every read agrees with a plain
 * history, over steps, compactions, snapshots, reopening and kills.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { MemoryFileSystem } from "../../mod.ts";
import { Engine } from "../../src/wasm/engine.ts";
import { loadEngine } from "../../src/wasm/load.ts";
import type { ByteRange } from "../../src/wasm/range.ts";
import { bytesOf, Model, sameBytes } from "./model.ts";
import { Random } from "./random.ts";

const HISTORIES = 40;
const STEPS = 150;
/** Histories that once failed. */
const KEPT_SEEDS: readonly number[] = [1, 2, 3];

class History {
  readonly #random: Random;
  readonly #kept: number;
  readonly #disk = new MemoryFileSystem();
  readonly #model = new Model();
  #snapshots: number[] = [];
  #highest = 0;
  #engine!: Engine;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#kept = 1 + this.#random.below(3);
    this.#disk.makeDirectory("/store");
  }

  async run(): Promise<void> {
    await this.#open();
    for (let i = 0; i < STEPS; i++) await this.#step();
    this.#check();
    this.#verify();
    await this.#reopen();
    this.#check();
    this.#engine.close();
  }

  async #open(): Promise<void> {
    const directory = { fileSystem: this.#disk, path: "/store", owned: () => true };
    this.#engine = await Engine.start(await loadEngine(undefined), directory);
    const sizes = { cacheSize: 1 << 20, writeBufferSize: 20_000 };
    this.#engine.open({ ...sizes, numVersionsToKeep: this.#kept, readOnly: false });
  }

  async #reopen(): Promise<void> {
    this.#snapshots = [];
    if (this.#random.below(2) === 0) {
      this.#engine.close();
    } else {
      this.#engine.writeOut();
      this.#engine.abandon();
    }
    await this.#open();
  }

  async #step(): Promise<void> {
    const choice = this.#random.below(100);
    if (choice < 55) this.#put();
    else if (choice < 65) this.#delete();
    else if (choice < 75) for (let i = this.#random.below(20); i >= 0; i--) this.#engine.step();
    else if (choice < 80) this.#checkRange();
    else if (choice < 84) this.#snapshots.push(this.#engine.snapshot());
    else if (choice < 88) this.#release();
    else if (choice < 92) for (let i = this.#random.below(30); i >= 0; i--) this.#engine.compactStep();
    else if (choice < 95) this.#engine.flush();
    else if (choice < 97) await this.#reopen();
    else this.#check();
  }

  #key(): string {
    return Array.from({ length: 1 + this.#random.below(4) }, () => this.#random.pick(["a", "b", "\xff"])).join("");
  }

  #put(): void {
    const key = this.#key();
    const length = this.#random.pick([0, 10, 100, 100, 300, 5000]) + this.#random.below(50);
    const value = this.#random.below(200) === 0 ? new Uint8Array(1_200_000).fill(length) : this.#random.bytes(length);
    const expiresMs = this.#random.pick([0, 0, 0, 0, 1, 4_000_000_000_000]);
    this.#wrote(key, this.#engine.put(bytesOf(key), value, expiresMs), value, expiresMs);
  }

  #delete(): void {
    const key = this.#key();
    this.#wrote(key, this.#engine.delete(bytesOf(key)), undefined, 0);
  }

  #wrote(key: string, version: number, value: Uint8Array | undefined, expiresMs: number): void {
    assert.ok(version > this.#highest, `version ${version} after ${this.#highest}`);
    this.#highest = version;
    this.#model.write(key, { version, value, expiresMs });
  }

  #release(): void {
    const version = this.#snapshots.shift();
    if (version !== undefined) this.#engine.release(version);
  }

  #checkRange(): void {
    const versions: readonly (number | undefined)[] = [undefined, ...this.#snapshots];
    const version = versions[this.#random.below(versions.length)];
    const range: ByteRange = {
      ...(this.#random.below(3) > 0 ? { lower: bytesOf(this.#key()), lowerIncluded: this.#random.below(2) === 0 } : {}),
      ...(this.#random.below(3) > 0 ? { upper: bytesOf(this.#key()), upperIncluded: this.#random.below(2) === 0 } : {}),
      ...(this.#random.below(3) === 0 ? { limit: 1 + this.#random.below(20) } : {}),
      ...(version === undefined ? {} : { version }),
      reverse: this.#random.below(2) === 0,
    };
    const expected = this.#model.scan(range);
    const found = [...this.#engine.scan(range)];
    assert.deepEqual(
      found.map(({ key, value }) => [Buffer.from(key).toString("hex"), value.length]),
      expected.map(({ key, value }) => [Buffer.from(key).toString("hex"), value.length]),
    );
    assert.ok(found.every(({ value }, i) => sameBytes(value, expected[i]?.value)));
    assert.equal(this.#engine.count(range), expected.length);
  }

  #check(): void {
    for (const key of this.#model.versions.keys()) {
      for (const version of [undefined, ...this.#snapshots]) {
        const expected = this.#model.get(key, version);
        assert.ok(sameBytes(this.#engine.get(bytesOf(key), version), expected), `'${key}' at ${version}`);
        assert.equal(this.#engine.has(bytesOf(key), version), expected !== undefined);
      }
      assert.ok(this.#model.explains(key, this.#engine.versions(bytesOf(key)), this.#kept), `versions of '${key}'`);
    }
    this.#checkRange();
  }

  #verify(): void {
    for (let first = true, more = true; more; first = false) {
      const step = this.#engine.verifyStep(first);
      assert.deepEqual(step.damages, []);
      more = step.more;
    }
  }
}

test(`${HISTORIES} random histories agree with a plain one`, async () => {
  const fresh = Array.from({ length: HISTORIES }, () => Math.floor(Math.random() * 2 ** 32));
  for (const seed of [...KEPT_SEEDS, ...fresh]) {
    try {
      await new History(seed).run();
    } catch (cause) {
      throw new Error(`The history of seed ${seed} failed`, { cause });
    }
  }
});
