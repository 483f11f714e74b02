/**
 * The figures as tables in Markdown.
 *
 * @module
 */

import { RUNTIMES, type Runtime } from "../lib/runtimes.ts";
import type { Figures } from "./figures.ts";
import type { Measurement } from "./measurement.ts";
import { PEERS } from "./peers/index.ts";
import { rounded } from "./print.ts";
import { PEER_CHOICE, WHAT_IS_MEASURED } from "./prose.ts";
import { type TargetRow, targetRows } from "./targets.ts";
import { WORKLOADS, workloadOf } from "./workloads/index.ts";
import { SCALE, scaleMeasurements } from "./workloads/scale.ts";
import { wrapped } from "./wrap.ts";

/** The labels of the figures other than the rate. */
const FIGURES: Readonly<Record<string, string>> = {
  loopP99Ms: "delay of the event loop, p99, ms",
  loopMaxMs: "delay of the event loop, longest, ms",
  rssMiB: "growth of the memory of the process, MiB",
  diskMiB: "disk, MiB",
  loadedMiB: "disk after the load, MiB",
  churnedMiB: "disk after deletions and puts, MiB",
  compactedMiB: "disk after compaction, MiB",
  startMs: "import, open and first get, ms",
  processMs: "whole process, ms",
  megabytesPerSecond: "MB of keys and values a second",
};

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** A readable number: three significant digits, with letters for thousands and millions. */
function short(number: number): string {
  if (number >= 1e6) return `${rounded(Number((number / 1e6).toPrecision(3)))} M`;
  if (number >= 1e4) return `${rounded(Number((number / 1e3).toPrecision(3)))} k`;
  return number >= 1000 ? Math.round(number).toLocaleString("en") : String(rounded(number));
}

/** `BENCHMARKS.md`. */
export function benchmarksText(figures: Figures): string {
  const { measurements } = figures;
  const blocks = [
    "# Benchmarks",
    "`npm run bench` writes this page from `scripts/bench/results/figures.json`: do not edit it.",
    environmentText(figures),
    "![Operations a second](scripts/bench/results/overview.svg)",
    "## Targets",
    "Each target is a ratio of two medians of this run: luge's over the other's. Of rates more is better, of delays and bytes less. A limit is for luge's own median.",
    targetTable(targetRows(measurements)),
    artefactText(figures),
    PEER_CHOICE,
    WHAT_IS_MEASURED,
    "## Cost over size",
    "![Microseconds an entry over entries](scripts/bench/results/scale.svg)",
    scaleTable(measurements),
    "## Settings",
    settingsTable(figures),
    "## Figures",
    workloadTables(measurements),
  ];
  return `${wrapped(blocks.join("\n\n"))}\n`;
}

/** The rows of the short table. */
const README_WORKLOADS: Readonly<Record<string, string>> = {
  "load-random-1-1000000": "load of 1,000,000 in random order",
  "get-hot-sync-1000000": "`getSync`, 1,000 hot keys",
  "get-sync-1000000": "`getSync`, each key once",
  "scan-1000000": "entries scanned",
  "durable-1-sync": "durable puts, one at a time",
  "durable-64": "durable puts, 64 in flight",
};
const README_PEERS = ["luge", "lmdb-js", "classic-level", "better-sqlite3"];

/** The short table and the chart. */
export function readmeText({ environment, measurements }: Figures): string {
  const rows = Object.entries(README_WORKLOADS).map(([workload, title]) => [
    title,
    ...README_PEERS.map((peer) => {
      const found = measurements.find(
        (each) => each.runtime === "node" && each.workload === workload && each.peer === peer && !each.error,
      );
      return found ? short(found.rate) : "";
    }),
  ]);
  const blocks = [
    "![Operations a second](scripts/bench/results/overview.svg)",
    table(["operations a second on Node", ...README_PEERS], rows),
    `Keys of 12 bytes, values of 100, on ${environment.machine}. [BENCHMARKS.md](BENCHMARKS.md) has settings, all workloads, Bun and Deno, and when to choose another store. \`npm run bench\` measures it again.`,
  ];
  return wrapped(blocks.join("\n\n"));
}

/** Machine, versions and length of the run. */
function environmentText({ environment: { date, machine, versions }, run, measurements }: Figures): string {
  const rounds = measurements.map(({ rates }) => rates.length).filter((count) => count > 0);
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date}: ${machine}.`,
    `${run.trials} trials in ${Math.round(run.minutes)} minutes, each in its own process, the stores in turn; rounds of a trial: ${least === most ? most : `${least} to ${most}`}. Trials that targets compare ran first; those without time are missing. Figures are medians; ± is the distance of the outermost round.`,
    `Versions: ${names.join(", ")}.`,
  ].join("\n\n");
}

function artefactText({ environment: { artefact } }: Figures): string {
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} KB`;
  const verdict = (met: boolean) => (met ? "met" : "**missed**");
  return [
    `The engine, a file of ${kilobytes(artefact.bytes)} (target: under 750 KB, ${verdict(artefact.bytes < 750_000)}),`,
    `has ${kilobytes(artefact.brotliBytes)} with brotli (target: under 260 KB, ${verdict(artefact.brotliBytes < 260_000)}).`,
  ].join(" ");
}

/** Microseconds per entry, by size. */
function scaleTable(measurements: readonly Measurement[]): string {
  const sizes = scaleMeasurements(measurements);
  const entries = [...new Set(sizes.map((each) => each.entries))].sort((a, b) => a - b);
  const rows = entries.map((count) => [
    count.toLocaleString("en"),
    ...SCALE.peers.map((peer) => {
      const found = sizes.find((each) => each.entries === count && each.peer === peer);
      return found ? rounded(1e6 / found.rate).toString() : "";
    }),
  ]);
  return table(["entries", ...SCALE.peers.map((peer) => `${peer}, µs an entry`)], rows);
}

/** The targets of luge, and whether it reaches them. */
function targetTable(rows: readonly TargetRow[]): string {
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
function workloadTables(measurements: readonly Measurement[]): string {
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
    ...cells(workload, ({ rate, rates, spread, error }) =>
      error === undefined ? `${short(rate)}${rates.length > 1 ? ` ±${Math.round(spread * 100)} %` : ""}` : "failed",
    ),
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
function settingsTable({ environment: { versions } }: Figures): string {
  return table(
    ["store", "survives the death of the process", "survives the death of the machine"],
    PEERS.map(({ name, package: from, settings }) => [
      from && versions[from] ? `${name} ${versions[from]}` : name,
      settings.buffered ?? "not measured",
      settings.durable ?? "not measured",
    ]),
  );
}
