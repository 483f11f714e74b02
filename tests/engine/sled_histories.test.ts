/**
 * Histories that once failed in sled, through the store. Each runs as it is, and with a compaction after every change,
 * so that all of it passes through the table.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryFileSystem, open, type SledStore } from "../../mod.ts";
import { MAX_KEY_BYTES } from "../../src/limits.ts";
import { misuse } from "../support/expect.ts";
import { bytesOf, latin } from "./model.ts";

const LINES = readFileSync(join(import.meta.dirname, "sled_histories.txt"), "utf8").split("\n");
const HISTORIES = LINES.filter((line) => /^\d/.test(line)).map((line) => line.split(": ") as [string, string]);
/** A key of a store has at least one byte, so each key gets this prefix. */
const FRONT = "k";

/** Keys, in latin1, and numbers of two bytes. */
class Model {
  readonly #numbers = new Map<string, number>();

  get(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  set(key: string, number: number | undefined): void {
    if (number === undefined) this.#numbers.delete(key);
    else this.#numbers.set(key, number);
  }

  entries(): [string, number][] {
    return [...this.#numbers].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function keyOf(written = "-"): string {
  const [hex = "", times] = written.split("*");
  const bytes = hex === "-" ? "" : latin(Buffer.from(hex, "hex"));
  // Longer keys are refused in any case.
  return FRONT + bytes.repeat(Math.min(Number(times ?? 1), MAX_KEY_BYTES));
}

const bytesOfNumber = (number: number) => Uint8Array.of(number >> 8, number & 0xff);
const numberOf = (value: Uint8Array) => ((value[0] ?? 0) << 8) + (value[1] ?? 0);

/** The number under the key after a step; the old number if the step changes nothing. */
function numberAfter(what: string, [first = 0, second = 0]: number[], number: number | undefined): number | undefined {
  if (what === "set") return first;
  if (what === "merge") return ((number ?? 0) + first) & 0xffff;
  if (what === "cas") return number === first ? second : number;
  return what === "del" ? undefined : number;
}

class Run {
  readonly #fileSystem = new MemoryFileSystem();
  readonly #compacts: boolean;
  readonly #model = new Model();

  constructor(compacts: boolean) {
    this.#compacts = compacts;
  }

  open(): Promise<SledStore> {
    return open({ path: "store", fileSystem: this.#fileSystem, cacheSize: 1 << 20, writeBufferSize: 1 << 18 });
  }

  async steps(history: string): Promise<void> {
    let store = await this.open();
    for (const step of history.split("; ")) {
      const [what = "", written, ...numbers] = step.split(" ");
      if (what === "restart") {
        await store.close();
        store = await this.open();
      } else {
        await this.#step(store, what, keyOf(written), numbers.map(Number));
      }
      if (this.#compacts) await store.compact();
      this.#check(store);
    }
    assert.deepEqual((await store.verify()).damages, []);
    await store.close();
  }

  async #step(store: SledStore, what: string, key: string, numbers: number[]): Promise<void> {
    const bytes = bytesOf(key);
    if (bytes.length > MAX_KEY_BYTES) {
      await assert.rejects(store.put(bytes, bytesOfNumber(0)), misuse(RangeError, "the limit is"));
      return;
    }
    const number = this.#model.get(key);
    const after = numberAfter(what, numbers, number);
    if (what === "scan") this.#scan(store, key, numbers[0] ?? 0);
    else if (what === "getLt" || what === "getGt") this.#neighbour(store, what, key);
    else if (what === "get")
      assert.deepEqual(store.getSync(bytes), number === undefined ? undefined : bytesOfNumber(number));
    else if (what === "del") await store.delete(bytes);
    else if (after !== undefined && (what !== "cas" || after !== number)) {
      await store.transaction((transaction) => {
        assert.deepEqual(transaction.getSync(bytes), number === undefined ? undefined : bytesOfNumber(number));
        transaction.put(bytes, bytesOfNumber(after));
      });
    }
    this.#model.set(key, after);
  }

  #scan(store: SledStore, key: string, count: number): void {
    const range = { gte: bytesOf(key), reverse: count < 0, limit: Math.abs(count), keyEncoding: "bytes" } as const;
    const expected = this.#model.entries().filter(([each]) => each >= key);
    if (count < 0) expected.reverse();
    assert.deepEqual(found(store.entries(range)), expected.slice(0, Math.abs(count)));
  }

  #neighbour(store: SledStore, what: "getLt" | "getGt", key: string): void {
    const isBefore = what === "getLt";
    const bound = isBefore ? { lt: bytesOf(key), reverse: true } : { gt: bytesOf(key) };
    const entries = this.#model.entries();
    const expected = isBefore ? entries.findLast(([each]) => each < key) : entries.find(([each]) => each > key);
    assert.deepEqual(found(store.entries({ ...bound, limit: 1, keyEncoding: "bytes" })), expected ? [expected] : []);
  }

  #check(store: SledStore): void {
    assert.deepEqual(found(store.entries({ keyEncoding: "bytes" })), this.#model.entries());
  }
}

function found(entries: Iterable<[Uint8Array, Uint8Array]>): [string, number][] {
  return Array.from(entries, ([key, value]) => [latin(key), numberOf(value)]);
}

describe("histories that once failed in sled", () => {
  test("are complete", () => assert.equal(HISTORIES.length, 46));

  for (const [number, history] of HISTORIES) {
    test(`${number}, as it is`, () => new Run(false).steps(history));
    test(`${number}, compacted after each step`, () => new Run(true).steps(history));
  }
});
