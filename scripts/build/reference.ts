/**
 * Writes the reference of the public interface as HTML, one page for each symbol. It is generated, and not committed.
 *
 * npm run docs                      # to docs/reference; open its index.html
 * npm run docs -- --output OTHER    # to another folder
 *
 * @module
 */

import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { readOptions, text } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { buildReference } from "../lib/site/reference.ts";

const values = readOptions({
  output: text("the folder, a new one or that of a reference", join(ROOT, "docs", "reference"), "folder"),
});
const output = resolve(values.output);
const isOurs = existsSync(join(output, "all_symbols.html"));
if (existsSync(output) && !isOurs) throw new Error(`Wrong output '${output}': expected a new folder or a reference`);

rmSync(output, { recursive: true, force: true });
await buildReference(output);
console.log(join(output, "index.html"));
