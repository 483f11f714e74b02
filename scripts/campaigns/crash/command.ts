/**
 * Kills writing processes (`kill -9`) on each runtime in turn and checks that no acknowledged write is lost.
 *
 * ```sh
 * node scripts/campaign.ts crash [--runs 200] [--runtime node,bun,deno] [--seed 1] [--power-cut]
 * ```
 *
 * With `--power-cut` it cuts the power of the store's file system instead, on a loop device. That needs Linux and root.
 *
 * The seed decides everything about a crash, except the moment at which the operating system delivers the kill.
 *
 * @module
 */

import { count, flag, readOptions, runtimes } from "../../lib/options.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { type CampaignRow, campaign, type Place } from "./campaign.ts";
import { VOLUME_KINDS, Volume, type VolumeKind } from "./volume.ts";

const { runs, runtime, ...values } = readOptions({
  runs: count("how many crashes; with --power-cut, on each kind of file system", 200),
  runtime: runtimes(),
  "power-cut": flag("cut the power of a loop device instead of killing the writer: needs Linux and root"),
  ...COMMON_OPTIONS,
});

const kinds = values["power-cut"] ? VOLUME_KINDS : [undefined];
const total = runs * kinds.length;
const what = values["power-cut"] ? "power cuts" : "kills";
const crashes = new Campaign({ ...values, verb: "crashing", total, what });
const rows: CampaignRow[] = [];
const table: Record<string, CampaignRow> = {};
for (const [i, kind] of kinds.entries()) {
  const found = await campaign(runs, runtime, values.seed, {
    onRun: async (done, problem) => {
      if (problem) crashes.fail(kind ? `${kind.name}: ${problem}` : problem);
      await crashes.update(i * runs + done);
    },
    isOver: () => crashes.isOver,
    ...(kind ? { newPlace: () => placeOn(kind) } : {}),
  });
  for (const [name, row] of Object.entries(found)) table[kind ? `${kind.name}, ${name}` : name] = row;
  rows.push(...Object.values(found));
}
console.table(table);
const sum = (column: keyof CampaignRow) => rows.reduce((all, row) => all + row[column], 0);
const losses = `${sum("lost")} lost, ${sum("resurrected")} resurrected, ${sum("wrong")} wrong, ${sum("failedOpens")} unopenable`;
const ofWorkers = values["power-cut"] ? "" : `, ${sum("workerKills")} of workers before`;
crashes.finish(`${sum("runs")} ${what}${ofWorkers}, ${sum("acknowledged")} writes, ${losses}`);

function placeOn(kind: VolumeKind): Place {
  const volume = new Volume(kind);
  return { path: volume.path, power: volume, remove: () => volume.remove() };
}
