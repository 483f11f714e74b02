/**
 * The pages of the documentation, and their content.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";

/** A block of code in a page. */
export interface Fence {
  readonly line: number;
  /** The text after the opening backquotes: `"ts"`, `"ts no-run"`, `"console"`, … */
  readonly language: string;
  readonly code: string;
}

const FENCE = /^[ \t]*```(.*)\n([\s\S]*?)^[ \t]*```$/gm;

/** All pages except the changelog and the generated reference, by their paths from the root. */
export function pageFiles(): string[] {
  const files = globSync(["*.md", "docs/**/*.md", "examples/*.md", "tests/*.md"], { cwd: ROOT });
  return files.filter((file) => file !== "CHANGELOG.md" && !file.startsWith("docs/reference/")).sort();
}

/** The text of a page. */
export function readPage(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The blocks of code of a page. */
export function fencesOf(file: string): Fence[] {
  const text = readPage(file);
  return [...text.matchAll(FENCE)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    language: match[1] ?? "",
    code: match[2] ?? "",
  }));
}

/** A page without its code blocks; their lines are left empty. */
export function proseOf(file: string): string {
  return readPage(file).replace(FENCE, (block) => block.replace(/[^\n]/g, ""));
}

/** The anchors of a page's headings, as GitHub and npm make them. */
export function anchorsOf(file: string): string[] {
  const headings = [...proseOf(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
