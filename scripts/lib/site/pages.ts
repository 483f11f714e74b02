/**
 * The pages of the site: which Markdown files become which HTML files, and in which order.
 *
 * @module
 */

import { globSync } from "node:fs";
import { ROOT } from "../runtimes.ts";

/** A group of pages in the navigation. */
export interface Group {
  readonly title: string;
  readonly pages: readonly Page[];
}

/** A page. */
export interface Page {
  /** The Markdown, relative to the root of the project. */
  readonly source: string;
  /** The HTML, relative to the root of the site, with `/` between names. */
  readonly path: string;
}

/** Pages outside of `docs/`, by their sources. */
const ABOUT: Readonly<Record<string, string>> = {
  "docs/format.md": "format.html",
  "docs/policy.md": "policy.html",
  "RELIABILITY.md": "reliability.html",
  "BENCHMARKS.md": "benchmarks.html",
  "CHANGELOG.md": "changelog.html",
  "ARCHITECTURE.md": "architecture.html",
  "CONTRIBUTING.md": "contributing.html",
  "examples/README.md": "examples.html",
  "tests/README.md": "tests.html",
  "engine/fuzz/README.md": "fuzz.html",
  ".github/SECURITY.md": "security.html",
  ".github/CODE_OF_CONDUCT.md": "conduct.html",
};

/** All pages, in the order of the navigation. */
export function groupsOf(root: string = ROOT): Group[] {
  const of = (pattern: string) =>
    globSync(pattern, { cwd: root })
      .map((file) => file.replaceAll("\\", "/"))
      .sort();
  const inDocs = (source: string) => ({ source, path: source.replace(/^docs\//, "").replace(/\.md$/, ".html") });
  const design = of("docs/design/*.md").filter((source) => !source.endsWith("README.md"));
  return [
    { title: "Start", pages: [{ source: "README.md", path: "index.html" }] },
    { title: "Guide", pages: of("docs/guide/*.md").map(inDocs) },
    {
      title: "Design",
      pages: [{ source: "docs/design/README.md", path: "design/index.html" }, ...design.map(inDocs)],
    },
    { title: "Project", pages: Object.entries(ABOUT).map(([source, path]) => ({ source, path })) },
  ];
}
