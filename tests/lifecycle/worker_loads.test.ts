/** Random loads with a real worker thread: the short form of the campaign `threads`. */

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { threadRun } from "../../scripts/campaigns/threads/thread_run.ts";
import { withDirectory } from "../support/temporary.ts";

const SEEDS = [1, 2, 3];

for (const seed of SEEDS) {
  test(`a store that a worker thread merges has every entry, in order (seed ${seed})`, () =>
    withDirectory(async (directory) => {
      const { fault, failures } = await threadRun(seed, join(directory, "store"), 2);
      assert.deepEqual({ fault, failures }, { fault: undefined, failures: 0 });
    }));
}
