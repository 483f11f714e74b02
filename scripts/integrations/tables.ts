/**
 * Writes the tables of results into the pages of the guide.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/runtimes.ts";
import type { Outcome } from "./bundlers.ts";
import { RUNNERS } from "./runners.ts";

/** Writes each result into its page. */
export function writeTables(outcomes: readonly Outcome[]): void {
  const runners = new Set(RUNNERS.map(({ name }) => name));
  const bundled = outcomes.filter(({ name }) => !runners.has(name));
  const tested = outcomes.filter(({ name }) => runners.has(name));
  write("bundlers", [
    "| bundler | version | built | ran | size |",
    "|---|---|---|---|---:|",
    ...bundled.map(({ name, version, built, ran, sizeBytes }) => {
      const size = sizeBytes === undefined ? "" : `${sizeBytes.toLocaleString("en-US")} B`;
      return `| ${name} | ${version} | ${firstLine(built)} | ${firstLine(ran)} | ${size} |`;
    }),
  ]);
  write("runners", [
    "| runner | version | passed |",
    "|---|---|---|",
    ...tested.map(({ name, version, ran }) => `| ${name} | ${version} | ${firstLine(ran)} |`),
  ]);
}

const PAGES: Readonly<Record<string, string>> = { bundlers: "13-bundlers.md", runners: "09-testing.md" };

function write(table: string, lines: readonly string[]): void {
  const file = join(ROOT, "docs", "guide", `${PAGES[table]}`);
  const [begin, end] = [marker("begin", table), marker("end", table)];
  const text = readFileSync(file, "utf8");
  const [before, after] = [text.slice(0, text.indexOf(begin) + begin.length), text.slice(text.indexOf(end))];
  writeFileSync(file, `${before}\n\n${lines.join("\n")}\n\n${after}`);
}

function marker(place: "begin" | "end", table: string): string {
  return `<!-- Written by scripts/integrations.ts: ${place} ${table} -->`;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
