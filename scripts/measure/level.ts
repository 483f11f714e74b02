/**
 * The adapter of Level beside classic-level, through the interface of abstract-level: operations per second, and how
 * many times as many luge does. The reads are measured twice: after a load in the order of the keys, and after all
 * entries were written again several times in another order.
 *
 * ```sh
 * node scripts/measure.ts level [--entries 100000] [--rounds 7] [--encoding view]
 * ```
 *
 * The two take turns in each round, so that both have the machine as it is then. No write is synced.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { AbstractLevel } from "abstract-level";
import { LugeLevel } from "../../src/adapters/level/mod.ts";
import { installPeers } from "../bench/install.ts";
import { peerModule, STORES } from "../bench/places.ts";
import { count, readOptions, text } from "../lib/options.ts";
import { median } from "../lib/statistics.ts";

type Database = AbstractLevel<string | Uint8Array, string, string>;

const values = readOptions({
  entries: count("how many entries the databases have", 100_000),
  rounds: count("how often each is measured", 7),
  encoding: text("the encoding of the values: utf8, view, buffer or json", "utf8"),
  only: text("only rows whose names contain this", ""),
});
const ENTRIES = values.entries;
const BATCH = 1000;
/** How many operations the rows of single calls do. */
const CALLS = 10_000;
const VALUE = "v".repeat(100);

const keyOf = (number: number) => `key${String(number).padStart(9, "0")}`;
/** Numbers in an order that looks random, each once. */
const mixed = (i: number) => (i * 7919) % ENTRIES;
const valueToPut = () =>
  (values.encoding === "view" || values.encoding === "buffer" ? Buffer.from(VALUE) : VALUE) as string;

interface Row {
  readonly name: string;
  /** Does the work, and returns how many operations it was. */
  run(db: Database, round: number): Promise<number>;
}

function expect(found: unknown): void {
  if (found === undefined) throw new Error("An entry is missing");
}

const ROWS: readonly Row[] = [
  {
    name: "batch of 1,000 puts",
    async run(db) {
      for (let from = 0; from < ENTRIES; from += BATCH) {
        await db.batch(
          Array.from({ length: BATCH }, (_, i) => ({ type: "put", key: keyOf(from + i), value: valueToPut() })),
        );
      }
      return ENTRIES;
    },
  },
  {
    name: "put, one at a time",
    async run(db) {
      for (let i = 0; i < CALLS; i++) await db.put(keyOf(mixed(i)), valueToPut());
      return CALLS;
    },
  },
  {
    name: "put, 100 in flight",
    async run(db) {
      for (let from = 0; from < CALLS; from += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, i) => db.put(keyOf(mixed(from + i)), valueToPut())));
      }
      return CALLS;
    },
  },
  {
    name: "get",
    async run(db, round) {
      for (let i = 0; i < CALLS; i++) expect(await db.get(keyOf(mixed(i + round * CALLS))));
      return CALLS;
    },
  },
  {
    name: "getSync",
    async run(db, round) {
      for (let i = 0; i < CALLS; i++) expect((db as unknown as LugeLevel).getSync(keyOf(mixed(i + round * CALLS))));
      return CALLS;
    },
  },
  {
    name: "getMany of 100",
    async run(db, round) {
      for (let from = 0; from < CALLS; from += 100) {
        const keys = Array.from({ length: 100 }, (_, i) => keyOf(mixed(from + i + round * CALLS)));
        for (const found of await db.getMany(keys)) expect(found);
      }
      return CALLS;
    },
  },
  {
    name: "for await",
    async run(db) {
      let found = 0;
      for await (const [, value] of db.iterator()) found += value.length > 0 ? 1 : 0;
      return found;
    },
  },
  {
    name: "iterator.all",
    run: async (db) => (await db.iterator().all()).length,
  },
  {
    name: "keys.all",
    run: async (db) => (await db.keys().all()).length,
  },
  {
    name: "next once",
    async run(db, round) {
      for (let i = 0; i < CALLS; i++) {
        const iterator = db.iterator({ gte: keyOf(mixed(i + round * CALLS)) });
        expect(await iterator.next());
        await iterator.close();
      }
      return CALLS;
    },
  },
  {
    name: "seek and next",
    async run(db, round) {
      const iterator = db.iterator();
      for (let i = 0; i < CALLS; i++) {
        iterator.seek(keyOf(mixed(i + round * CALLS)));
        expect(await iterator.next());
      }
      await iterator.close();
      return CALLS;
    },
  },
];

async function overwrite(db: Database): Promise<void> {
  for (let from = 0; from < OVERWRITES * ENTRIES; from += BATCH) {
    await db.batch(
      Array.from({ length: BATCH }, (_, i) => ({ type: "put", key: keyOf(mixed(from + i)), value: valueToPut() })),
    );
  }
}

/** How often all entries are written again before the second measurement of the reads. */
const OVERWRITES = 5;
const CREATING = ROWS.slice(0, 1);
const WRITING = ROWS.slice(1, 3);
const READING = ROWS.slice(3);

type Pair = Readonly<Record<"luge" | "classic-level", Database>>;

installPeers();
const { ClassicLevel } = peerModule<{ ClassicLevel: new (path: string, options: object) => Database }>("classic-level");
mkdirSync(STORES, { recursive: true });
const directory = mkdtempSync(join(STORES, "level-"));
let pairs = 0;

async function openPair(): Promise<Pair> {
  const options = { valueEncoding: values.encoding };
  const path = join(directory, String(pairs++));
  mkdirSync(path);
  const pair = {
    luge: new LugeLevel(join(path, "luge"), options) as unknown as Database,
    "classic-level": new ClassicLevel(join(path, "classic"), options),
  };
  for (const db of Object.values(pair)) await db.open();
  return pair;
}

async function closePair(pair: Pair): Promise<void> {
  for (const db of Object.values(pair)) await db.close();
}

const table: Record<string, object> = {};

/** Measures a row with the databases that `pairOf` has for each round. */
async function measure(row: Row, state: string, pairOf: () => Promise<Pair>, end?: (pair: Pair) => Promise<void>) {
  if (!row.name.includes(values.only)) return;
  const [luge, classic]: [number[], number[]] = [[], []];
  // One round more than is counted: the compilers are busy in the first.
  for (let round = 0; round <= values.rounds; round++) {
    const pair = await pairOf();
    const order = [luge, classic].map((rates, i) => [rates, pair[i === 0 ? "luge" : "classic-level"]] as const);
    for (const [rates, db] of round % 2 ? order : order.toReversed()) {
      const started = performance.now();
      const operations = await row.run(db, round);
      if (round > 0) rates.push((operations / (performance.now() - started)) * 1000);
    }
    await end?.(pair);
  }
  const ratios = luge.map((rate, i) => rate / (classic[i] ?? Number.NaN));
  table[`${row.name}${state}`] = {
    "luge per second": Math.round(median(luge)),
    "classic-level": Math.round(median(classic)),
    ratio: Number(median(ratios).toFixed(2)),
    from: Number(Math.min(...ratios).toFixed(2)),
    to: Number(Math.max(...ratios).toFixed(2)),
  };
}

try {
  for (const row of CREATING) await measure(row, "", openPair, closePair);
  const pair = await openPair();
  for (const db of Object.values(pair)) await CREATING[0]?.run(db, 0);
  for (const row of READING) await measure(row, ", loaded", async () => pair);
  for (const row of WRITING) await measure(row, "", async () => pair);
  for (const db of Object.values(pair)) await overwrite(db);
  for (const row of READING) await measure(row, ", overwritten", async () => pair);
  await closePair(pair);
  console.table(table);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
