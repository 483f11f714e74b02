/**
 * Watches of random histories, on both stores. `node scripts/campaign.ts watches` runs many more of them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type HistorySize,
  LARGE,
  type StoreKind,
  watchHistory,
} from "../../scripts/campaigns/watches/watch_history.ts";

const NONE = { missed: 0, doubled: 0, outOfOrder: 0, other: 0 };
const SMALL: HistorySize = { commits: 6, keys: 6000, valueBytes: 200_000, commitBytes: 300_000 };

for (const kind of ["MemoryStore", "SledStore"] as const satisfies readonly StoreKind[]) {
  for (const [seed, size] of [
    [1, SMALL],
    [2, SMALL],
    [3, SMALL],
    [4, SMALL],
    [5, LARGE],
  ] as const) {
    test(`every watch of history ${seed} of a ${kind} delivers each change once, in order`, async () => {
      const { watches, changes, ...faults } = await watchHistory(seed, kind, size);
      assert.deepEqual(faults, NONE);
      assert.ok(watches > 1 && changes > 0);
    });
  }
}
