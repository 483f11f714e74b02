/**
 * Runs one case of a replay. Its arguments are the name of the case and the path of the module.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Module } from "./case.ts";
import { CASES } from "./cases.ts";

const [name, path = ""] = process.argv.slice(2);
const found = CASES.find((each) => each.name === name);
if (!found) throw new Error(`There is no case '${name}'`);
const luge = (await import(pathToFileURL(path).href)) as Module;
const directory = mkdtempSync(join(tmpdir(), "luge-replay-"));
try {
  console.log(`result: ${(await found.run(luge, directory)).replaceAll("\n", " ")}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
// A case may leave a store that cannot be closed.
process.exit(0);
