/**
 * Kills writing processes (`kill -9`) on each runtime in turn and checks that no acknowledged write is lost.
 *
 * ```sh
 * node scripts/crash.ts [--runs 200] [--runtime node,bun,deno] [--seed 1] [--power-cut]
 * ```
 *
 * With `--power-cut` the file system of the store loses its power instead, on a loop device: that needs Linux and root.
 *
 * A crash is decided by its seed but for the moment at which the operating system delivers the kill.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { type CampaignRow, campaign, isClean, type Place } from "./crash/campaign.ts";
import { VOLUME_KINDS, Volume, type VolumeKind } from "./crash/volume.ts";
import { Progress } from "./lib/progress.ts";
import { isRuntime, RUNTIMES } from "./lib/runtimes.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "200" },
    runtime: { type: "string", default: RUNTIMES.join(",") },
    "power-cut": { type: "boolean", default: false },
    seed: { type: "string", default: `${Date.now() % 1_000_000_000}` },
  },
});
const runs = Number(values.runs);
const names = values.runtime.split(",");
const runtimes = names.filter(isRuntime);
if (!(runs > 0 && Number(values.seed) >= 0)) throw new RangeError("Expected --runs above 0 and a --seed of at least 0");
if (runtimes.length < names.length) throw new RangeError(`Expected --runtime of ${RUNTIMES}, got '${values.runtime}'`);

if (values["power-cut"]) {
  for (const kind of VOLUME_KINDS) await crashAll(`power cuts on ${kind.name}`, () => placeOn(kind));
} else {
  await crashAll("kills");
}

/** Crashes in places of one kind, and says what became of it. */
async function crashAll(name: string, newPlace?: () => Place): Promise<void> {
  console.log(`${runs} ${name}, seed ${values.seed}`);
  const progress = new Progress("crashing", runs);
  const onRun = (done: number, problem: string | undefined) => {
    progress.update(done);
    if (problem) console.error(problem);
  };
  const table = await campaign(runs, runtimes, Number(values.seed), { onRun, ...(newPlace ? { newPlace } : {}) });
  progress.stop();
  console.table(table);
  if (!isClean(table)) process.exitCode = 1;
  const sum = (column: keyof CampaignRow) => Object.values(table).reduce((all, row) => all + row[column], 0);
  const kinds = `${sum("lost")} lost, ${sum("resurrected")} resurrected, ${sum("wrong")} wrong`;
  console.log(
    `seed ${values.seed}: ${sum("runs")} ${name}, ${sum("acknowledged")} writes: ${kinds}, ${sum("failedOpens")} unopenable`,
  );
}

function placeOn(kind: VolumeKind): Place {
  const volume = new Volume(kind);
  return { path: volume.path, power: volume, remove: () => volume.remove() };
}
