/**
 * The fuzz target for backups: changes the content of corpus files, with matching digests, and checks what happens with
 * each.
 *
 * ```sh
 * node scripts/campaign.ts fuzz                       # 20,000 backups
 * node scripts/campaign.ts fuzz --runs 1000 --seed 7
 * ```
 *
 * It ends at the first backup that fails its check, and writes that backup to the current directory. Put it into
 * `tests/backup/corpus`, which the gate replays.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { putTogether } from "../../lib/backup_anatomy.ts";
import { count, readOptions } from "../../lib/options.ts";
import { Random } from "../../lib/random.ts";
import { KINDS } from "../backups/contents.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { mutationOf } from "./mutations.ts";
import { outcomeOf } from "./outcome.ts";
import { starts } from "./starts.ts";

/** One backup in this many is also restored to a store on disk, which takes ten times as long. */
const ON_DISK_INTERVAL = 16;

const { runs, ...values } = readOptions({ runs: count("how many changed backups", 20_000), ...COMMON_OPTIONS });
const { seed } = values;
const campaign = new Campaign({ ...values, verb: "fuzzing", total: runs, what: "changed backups" });
const random = new Random(seed);
const corpus = starts();
const counts = { restored: 0, refused: 0 };
for (let run = 0; run < runs && !campaign.isOver && campaign.failures === 0; run++) {
  const bytes = await putTogether(mutationOf(random.pick(corpus), random));
  try {
    counts[await outcomeOf(bytes, run % ON_DISK_INTERVAL === 0 ? KINDS : KINDS.slice(0, 1))] += 1;
  } catch (error) {
    const file = `failed-${seed}-${run}.backup`;
    writeFileSync(file, bytes);
    const problem = `Run ${run} fails its check, and its backup is '${file}': ${(error as Error).stack ?? error}`;
    campaign.fail(problem, `node scripts/campaign.ts fuzz --seed ${seed} --runs ${run + 1}`);
  }
  await campaign.update(run + 1);
}
campaign.finish(`${counts.restored} changed backups were restored, ${counts.refused} were refused`);
