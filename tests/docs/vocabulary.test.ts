/**
 * The acts in ARCHITECTURE.md have the same names in the code.
 */

import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { readPage } from "../support/pages.ts";

/** Where and how the names of each column are declared. */
const COLUMNS: readonly (readonly [files: string, before: string])[] = [
  ["src/api/*.ts", "^ {2}"],
  ["src/backend.ts", "^ {2}"],
  ["src/wasm/interface.ts", "^ {2}"],
  ["engine/src/database/*.rs", "^ {4}pub fn "],
];

nodeTest("each act has the names of the page in every layer", () => {
  const [, section = ""] = readPage("ARCHITECTURE.md").split("\n## One act, one name\n");
  const [table = ""] = section.split("\n## ");
  const rows = [...table.matchAll(/^\| (?!act|---)(.+) \|$/gm)].map(([, row = ""]) => row.split("|").slice(1));
  assert.ok(rows.length > 10);
  for (const [column, [files, before]] of COLUMNS.entries()) {
    const code = globSync(files, { cwd: ROOT }).map(readPage).join("\n");
    const names = rows.flatMap((row) => [...(row[column] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name));
    assert.ok(names.length > 10, files);
    const missing = names.filter((name) => !new RegExp(`${before}${name}[(<]`, "m").test(code));
    assert.deepEqual(missing, [], files);
  }
});
