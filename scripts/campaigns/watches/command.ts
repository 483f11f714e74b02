/**
 * Watches random histories on both stores: batches of 1 to 10,000 keys, values of 0 to 200 KB, compactions, stores that
 * are reopened, watches that stop and continue, and one watch from every version.
 *
 * Each history draws the largest batch and the largest value that it may have. Each batch draws a size below that.
 * Every order of magnitude is equally likely. So about 7 of 100 histories may have batches of more than 5,000 keys.
 * With `--large` all histories may have the largest sizes, which takes five times as long.
 *
 * ```sh
 * node scripts/campaign.ts watches [--histories 10000] [--seed 1] [--store MemoryStore] [--large]
 * ```
 *
 * @module
 */

import { count, flag, readOptions, some } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { LARGE, type StoreKind, VARIED, type WatchFaults, watchHistory } from "./watch_history.ts";

const KINDS: readonly StoreKind[] = ["MemoryStore", "SledStore"];
const NONE: WatchFaults = { watches: 0, changes: 0, missed: 0, doubled: 0, outOfOrder: 0, other: 0 };

const { histories, store, large, ...values } = readOptions({
  histories: count("how many histories of each store", 10_000),
  store: some("the stores to watch", KINDS),
  large: flag("let each history have the largest batches and values: five times as long"),
  ...COMMON_OPTIONS,
});

const total = histories * store.length;
const campaign = new Campaign({ ...values, verb: "watching", total, what: "histories" });
const rows: Record<string, WatchFaults & { histories: number }> = {};
let done = 0;
for (const kind of store) {
  const sums = { histories: 0, ...NONE };
  rows[kind] = sums;
  for (let i = 0; i < histories && !campaign.isOver; i++) {
    const seed = values.seed + i;
    const found = await watchHistory(seed, kind, large ? LARGE : VARIED).catch((error: Error) => {
      console.error(error);
      return { ...NONE, other: 1 };
    });
    sums.histories += 1;
    for (const name of ["watches", "changes", "missed", "doubled", "outOfOrder", "other"] as const) {
      sums[name] += found[name];
    }
    if (found.missed + found.doubled + found.outOfOrder + found.other > 0) {
      const repeat = `node scripts/campaign.ts watches --histories 1 --seed ${seed} --store ${kind}${large ? " --large" : ""}`;
      campaign.fail(`${kind}, seed ${seed}: ${JSON.stringify(found)}`, repeat);
    }
    done += 1;
    await campaign.update(done);
  }
}
console.table(rows);
campaign.finish(`${done} histories of ${store.join(" and ")}`);
