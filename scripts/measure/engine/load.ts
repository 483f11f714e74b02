/**
 * Random inserts that do not wait for the disk one by one. Measures until the write buffer is full, and to the end of
 * the load with its flush. Compares with a raw file and other stores.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { open } from "../../../mod.ts";
import { entriesOf } from "../../bench/data.ts";
import { classicLevel } from "../../bench/peers/classic_level.ts";
import { lmdb } from "../../bench/peers/lmdb.ts";
import { rawFile } from "../../bench/peers/raw_file.ts";
import { median } from "../../lib/statistics.ts";

const ENTRIES = 200_000;
const ROUNDS = 5;
const VALUE_BYTES = 100;

/** Entries per second: luge in its two stages, the others for the whole load. */
type Rates = Record<string, number>;

/** Runs all of them in turn, several rounds. Prints the medians. */
export async function measureLoad(directory: string): Promise<void> {
  const rounds: Rates[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const rates: Rates = await luge(join(directory, `luge-${round}`));
    for (const peer of [lmdb, classicLevel, rawFile]) {
      const path = join(directory, `${peer.name.replaceAll(" ", "-")}-${round}`);
      mkdirSync(path);
      const subject = await peer.open(path, "buffered");
      const entries = entriesOf(ENTRIES, "random", VALUE_BYTES);
      const started = performance.now();
      await subject.load(entries, 1);
      await subject.flush?.();
      rates[`${peer.name}, one by one and a flush`] = rate(ENTRIES, started);
      await subject.close();
    }
    rounds.push(rates);
  }
  console.table(
    Object.keys(rounds[0] ?? {}).map((what) => ({
      what,
      "entries/s, median": Math.round(median(rounds.map((rates) => rates[what] ?? Number.NaN))),
    })),
  );
}

async function luge(path: string): Promise<Rates> {
  await using store = await open({ path, syncWrites: false });
  const { keys, values } = entriesOf(ENTRIES, "random", VALUE_BYTES);
  const started = performance.now();
  let untilFull: number | undefined;
  for (let i = 0; i < ENTRIES; i++) {
    store.put(keys[i] as string, values[i] as Uint8Array);
    // Looking at the metrics once in this many puts takes no measurable time.
    if (untilFull === undefined && i % 2000 === 1999 && store.metrics().sealedBufferBytes > 0) {
      untilFull = rate(i + 1, started);
    }
  }
  // The write buffer may have room for all entries.
  untilFull ??= rate(ENTRIES, started);
  await store.flush();
  return {
    "luge, until the write buffer is full": untilFull,
    "luge, through checkpoints, and a flush": rate(ENTRIES, started),
  };
}

function rate(count: number, started: number): number {
  return (count / (performance.now() - started)) * 1000;
}
