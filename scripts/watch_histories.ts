/**
 * Watches random histories, on both stores: batches of 1 to 10,000 keys, values of 0 to 200 KB, compactions, stores that are opened
 * again, watches that stop and go on, and one from every version.
 *
 * Each history draws the largest batch and the largest value that it may have, and each batch its size below: every order of
 * magnitude as often as another, so that of 100 histories about 7 may have batches of more than 5,000 keys. Each watches from every
 * version. With `--large` all may have the largest, which takes five times as long.
 *
 * ```sh
 * node scripts/watch_histories.ts [--histories 10000] [--seed 1] [--store MemoryStore] [--large]
 * ```
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { LARGE, type StoreKind, VARIED, type WatchFaults, watchHistory } from "../tests/suite/watch_history.ts";
import { Progress } from "./lib/progress.ts";

const { values } = parseArgs({
  options: {
    histories: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    store: { type: "string" },
    large: { type: "boolean", default: false },
  },
});
const [histories, seed] = [values.histories, values.seed].map(Number);
if (!(histories && histories > 0 && seed && seed > 0)) throw new RangeError("Expected --histories and --seed above 0");

const kinds: readonly StoreKind[] = ["MemoryStore", "SledStore"];
const asked = kinds.filter((kind) => values.store === undefined || values.store === kind);
if (asked.length === 0) throw new RangeError(`Expected --store of ${kinds}, got '${values.store}'`);
const NONE: WatchFaults = { watches: 0, changes: 0, missed: 0, doubled: 0, outOfOrder: 0, other: 0 };
const rows: Record<string, WatchFaults & { histories: number }> = {};
let failed = 0;
for (const kind of asked) {
  const sums = { histories: 0, watches: 0, changes: 0, missed: 0, doubled: 0, outOfOrder: 0, other: 0 };
  rows[kind] = sums;
  const progress = new Progress(`watching a ${kind}`, histories);
  for (let i = 0; i < histories; i++) {
    const found = await watchHistory(seed + i, kind, values.large ? LARGE : VARIED).catch((error: Error) => {
      console.error(error);
      return { ...NONE, other: 1 };
    });
    sums.histories += 1;
    for (const name of ["watches", "changes", "missed", "doubled", "outOfOrder", "other"] as const) {
      sums[name] += found[name];
    }
    if (found.missed + found.doubled + found.outOfOrder + found.other > 0) {
      const repeat = `node scripts/watch_histories.ts --histories 1 --seed ${seed + i} --store ${kind}${values.large ? " --large" : ""}`;
      console.error(`${kind}, seed ${seed + i}: ${JSON.stringify(found)}\n  ${repeat}`);
      failed += 1;
      process.exitCode = 1;
    }
    progress.update(i + 1);
  }
  progress.stop();
}
console.table(rows);
console.log(`seed ${seed}: ${histories} histories of ${asked.join(" and ")}, ${failed} failed`);
