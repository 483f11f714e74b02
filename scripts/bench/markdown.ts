/**
 * The figures as tables in Markdown.
 *
 * @module
 */

import { RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import type { Environment } from "./environment.ts";
import type { Measurement } from "./measurement.ts";
import { PEERS } from "./peers/index.ts";
import { rounded } from "./print.ts";
import type { RunSummary } from "./report.ts";
import type { TargetRow } from "./targets.ts";
import { WORKLOADS, workloadOf } from "./workloads/index.ts";

/** How the figures beside the rate are called. */
const FIGURES: Readonly<Record<string, string>> = {
  loopP99Ms: "delay of the event loop, p99, ms",
  loopMaxMs: "delay of the event loop, longest, ms",
  rssMiB: "growth of the memory of the process, MiB",
  diskMiB: "disk, MiB",
  loadedMiB: "disk after the load, MiB",
  churnedMiB: "disk after deletions and puts, MiB",
  compactedMiB: "disk after compaction, MiB",
  processMs: "whole process, ms",
};

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** A number as people read it: three digits that count, thousands and millions by letter. */
function short(number: number): string {
  if (number >= 1e6) return `${rounded(Number((number / 1e6).toPrecision(3)))} M`;
  if (number >= 1e4) return `${rounded(Number((number / 1e3).toPrecision(3)))} k`;
  return number >= 1000 ? Math.round(number).toLocaleString("en") : String(rounded(number));
}

/** Machine, versions and length of the run. */
export function environmentText({ date, machine, versions }: Environment, run: RunSummary): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date}: ${machine}.`,
    `${run.trials} trials in ${Math.round(run.minutes)} minutes, ${run.rounds} rounds; what takes longer than three seconds once.`,
    `Versions: ${names.join(", ")}.`,
  ].join("\n");
}

/** What luge is held to, and whether it gets there. */
export function targetTable(rows: readonly TargetRow[]): string {
  return table(
    ["workload", "against", "target", ...RUNTIMES],
    [...Map.groupBy(rows, ({ title, peer, target }) => [title, peer, target].join(" | "))].map(([name, same]) => [
      name,
      ...RUNTIMES.map((runtime) => {
        const row = same.find((each) => each.runtime === runtime);
        if (!row) return "";
        return `${row.ratio.toPrecision(3)} ${row.met ? "met" : "**missed**"}`;
      }),
    ]),
  );
}

/** A table of rates for each runtime, and one of all other figures. */
export function workloadTables(measurements: readonly Measurement[]): string {
  return RUNTIMES.filter((runtime) => measurements.some((each) => each.runtime === runtime))
    .map((runtime) => runtimeTables(runtime, measurements))
    .join("\n\n");
}

function runtimeTables(runtime: Runtime, measurements: readonly Measurement[]): string {
  const found = measurements.filter((each) => each.runtime === runtime);
  const peers = PEERS.map(({ name }) => name).filter((name) => found.some(({ peer }) => peer === name));
  const workloads = WORKLOADS.map(({ name }) => name).filter((name) => found.some(({ workload }) => workload === name));
  const cells = (workload: string, cell: (measurement: Measurement) => string) =>
    peers.map((peer) => {
      const measured = found.find((each) => each.workload === workload && each.peer === peer);
      return measured ? cell(measured) : "";
    });
  const titleOf = (workload: string) => {
    const { entries } = found.find((each) => each.workload === workload) as Measurement;
    return `${workloadOf(workload).title} (${short(entries)})`;
  };
  const rates = workloads.map((workload) => [
    titleOf(workload),
    ...cells(workload, ({ rate, error }) => (error === undefined ? short(rate) : "failed")),
  ]);
  const figures = Object.keys(FIGURES).flatMap((figure) =>
    workloads
      .filter((workload) => found.some((each) => each.workload === workload && figure in each.figures))
      .map((workload) => [
        `${titleOf(workload)}: ${FIGURES[figure]}`,
        ...cells(workload, ({ figures: all }) => (all[figure] === undefined ? "" : short(all[figure]))),
      ]),
  );
  return [
    `### ${runtime}: operations a second`,
    table(["workload (entries)", ...peers], rates),
    `### ${runtime}: time, memory and disk; less is better`,
    table(["workload (entries)", ...peers], figures),
  ].join("\n\n");
}

/** The settings of each store for each guarantee. */
export function settingsTable({ versions }: Environment): string {
  return table(
    ["store", "survives the death of the process", "survives the death of the machine"],
    PEERS.map(({ name, package: from, settings }) => [
      from && versions[from] ? `${name} ${versions[from]}` : name,
      settings.buffered ?? "not measured",
      settings.durable ?? "not measured",
    ]),
  );
}
