/**
 * Finds the examples of the documentation.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { pageFiles } from "../support/pages.ts";

/** A block of TypeScript in the documentation. */
export interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  /** False for a block marked `no-run`, which is only type-checked. */
  readonly runs: boolean;
}

const BLOCK = /^[ \t]*(?:\* ?)?```ts( no-run)?\n([\s\S]*?)^[ \t]*(?:\* ?)?```$/gm;

/** All examples in the pages and in doc comments. */
export function findExamples(): Example[] {
  const files = [...pageFiles(), "CHANGELOG.md", "mod.ts", ...globSync("src/**/*.ts", { cwd: ROOT })].sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return [...text.matchAll(BLOCK)].map(([, noRun, code = ""], i, { [i]: match }) => ({
      file,
      line: text.slice(0, match?.index).split("\n").length,
      code: file.endsWith(".md") ? code : code.replace(/^[ \t]*\* ?/gm, ""),
      runs: noRun === undefined,
    }));
  });
}
