/**
 * Loads stores with a real worker thread, and compares them with a map. The default runtime is the one that runs this
 * program: `npx bun scripts/campaign.ts threads` and `npx deno run -A scripts/campaign.ts threads` use theirs.
 *
 * ```sh
 * node scripts/campaign.ts threads [--runs 500] [--seed 1]
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { count, readOptions } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { threadRun } from "./thread_run.ts";

const { runs, ...values } = readOptions({ runs: count("how many stores", 500), ...COMMON_OPTIONS });
const folder = mkdtempSync(join(tmpdir(), "luge-threads-"));
const sums = { jobs: 0, failures: 0 };
const campaign = new Campaign({
  ...values,
  verb: "loading",
  total: runs,
  what: "stores",
  detail: () => `${sums.jobs} jobs`,
});
for (let run = 0; run < runs && !campaign.isOver; run++) {
  const seed = values.seed + run;
  const path = join(folder, String(run));
  const { jobs, failures, fault } = await threadRun(seed, path);
  sums.jobs += jobs;
  sums.failures += failures;
  if (fault === undefined) rmSync(path, { recursive: true });
  // A store with a fault stays: the next run may not find it again.
  else
    campaign.fail(
      `seed ${seed}: ${fault}; the store is '${path}'`,
      `node scripts/campaign.ts threads --runs 20 --seed ${seed}`,
    );
  await campaign.update(run + 1);
}
if (campaign.failures === 0) rmSync(folder, { recursive: true });
campaign.finish(`${runs} stores, ${sums.jobs} jobs of workers, ${sums.failures} failures of workers`);
