/**
 * The fuzz target of backups: changes what corpus files say, with digests that fit, and checks what becomes of each.
 *
 * ```sh
 * node scripts/fuzz/backup.ts                          # 20,000 backups
 * node scripts/fuzz/backup.ts --runs 1000 --seed 7
 * ```
 *
 * One that fails its check is written to the present directory: put it into `tests/backup/corpus`, which the gate replays.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { putTogether } from "../../tests/backup/anatomy.ts";
import { mutationOf } from "../../tests/backup/mutations.ts";
import { outcomeOf } from "../../tests/backup/outcome.ts";
import { starts } from "../../tests/backup/starts.ts";
import { KINDS } from "../../tests/backup/support.ts";
import { Random } from "../../tests/engine/random.ts";

/** One in so many goes to a store on a disk too: that takes ten times as long. */
const ON_DISK_INTERVAL = 16;

const { values } = parseArgs({
  options: { runs: { type: "string", default: "20000" }, seed: { type: "string", default: "1" } },
});
const [runs, seed] = [Number(values.runs), Number(values.seed)];
const random = new Random(seed);
const corpus = starts();
const counts = { restored: 0, refused: 0 };
for (let run = 0; run < runs; run++) {
  const start = corpus[random.below(corpus.length)];
  if (!start) throw new Error("the corpus is empty");
  const bytes = await putTogether(mutationOf(start, random));
  try {
    counts[await outcomeOf(bytes, run % ON_DISK_INTERVAL === 0 ? KINDS : KINDS.slice(0, 1))] += 1;
  } catch (error) {
    const file = `failed-${seed}-${run}.backup`;
    writeFileSync(file, bytes);
    throw new Error(`Run ${run} of seed ${seed} fails its check; its backup is '${file}'`, { cause: error });
  }
}
console.log(`${runs} backups of seed ${seed}: ${counts.restored} were restored, ${counts.refused} were refused`);
