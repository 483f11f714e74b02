/**
 * Prints the structure of the code: the longest files, the structs of the engine with many fields and the files that
 * touch them, and imports that form a cycle or run in a wrong direction.
 *
 * ```sh
 * node scripts/check.ts structure [--root another/checkout] [--fields 8]
 * ```
 *
 * A file touches a struct if it has `self.field` in an `impl` of the struct, or `name.field` with the struct's name as
 * a variable. Only files in the folder that declares the struct count. This searches text: it misses a field that is
 * touched through another name.
 *
 * @module
 */

import { globSync } from "node:fs";
import { resolve } from "node:path";
import { natural, readOptions, text } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { engineImports, projectImports, rulesOf } from "./directions.ts";
import { largeStructs, linesOf } from "./fields.ts";
import { circlesIn, wrongIn } from "./imports.ts";

const LONGEST = 10;
const SOURCES = ["engine/{src,tests,fuzz}/**/*.rs", "mod.ts", "src/**/*.ts", "scripts/**/*.ts", "tests/**/*.ts"];
/** Files that are not written by hand. */
const GENERATED = ["src/wasm/artefact.ts", "**/node_modules/**", "engine/**/target/**"];

const values = readOptions({
  root: text("the project to look at", ROOT),
  fields: natural("structs with more fields than this", 8),
});
const root = resolve(values.root);
const engine = engineImports(root);
const typescript = projectImports(root);

console.log(`The ${LONGEST} longest files:`);
const files = globSync(SOURCES, { cwd: root, exclude: GENERATED }).map((file) => ({
  file,
  lines: linesOf(file, root),
}));
console.table(files.sort((a, b) => b.lines - a.lines).slice(0, LONGEST));

console.log(`Structs of the engine with more than ${values.fields} fields, and how many files touch these:`);
console.table(
  largeStructs([...engine.keys()], values.fields, root).map(({ name, file, fields, touchedBy }) => ({
    struct: name,
    file,
    fields: fields.length,
    "touched by": touchedBy.length,
  })),
);

const circles = [...circlesIn(engine), ...circlesIn(typescript)];
console.log(`Import cycles: ${circles.length}`);
for (const circle of circles) console.log(`  ${circle.join(" ↔ ")}`);

const wrong = rulesOf(engine, typescript).flatMap(({ name, imports, mayImport }) =>
  wrongIn(imports, mayImport).map((each) => `${each}; but ${name}`),
);
console.log(`Imports in a wrong direction: ${wrong.length}`);
for (const each of wrong) console.log(`  ${each}`);
