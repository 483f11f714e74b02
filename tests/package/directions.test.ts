/**
 * Imports of the engine, the scripts and the tests run one way, as those of `src` do: see layers.test.ts, and tests/README.md.
 */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { nodeTest } from "../support/node_only.ts";
import { circlesIn, type Imports, pathsOf, rustImports, typescriptImports, wrongIn } from "./imports.ts";

const engine = rustImports("engine/src");
const typescript = typescriptImports(["mod.ts", "src/**/*.ts", "scripts/**/*.ts", "tests/**/*.ts", "examples/*.ts"]);

nodeTest("no import leads back to its file: engine, scripts, tests, module", () => {
  assert.deepEqual(circlesIn(engine), []);
  assert.deepEqual(circlesIn(typescript), []);
});

/** The modules of the engine from the top to the bottom; those of one line know nothing of each other. */
const ENGINE_FLOORS: readonly (readonly string[])[] = [
  ["lib"],
  ["abi"],
  ["request"],
  ["database"],
  ["cursor", "recovery"],
  ["memtable", "table"],
  ["log"],
  ["cache", "disk", "entry", "page"],
  ["failure"],
  ["abbreviation", "ring", "status", "varint"],
];

function engineModuleOf(file: string): string {
  return file.replace("engine/src/", "").replace(/(?:\/.*|\.rs)$/, "");
}

nodeTest("a module of the engine uses only those below it", () => {
  const floorOf = (file: string) => ENGINE_FLOORS.findIndex((floor) => floor.includes(engineModuleOf(file)));
  for (const file of engine.keys()) assert.notEqual(floorOf(file), -1, `${file} has no floor`);
  const mayImport = (file: string, imported: string) =>
    engineModuleOf(file) === engineModuleOf(imported) || floorOf(imported) > floorOf(file);
  assert.deepEqual(wrongIn(engine, mayImport), []);
  assert.ok(importsIn(engine) > 150);
});

/** Where a file stands: tests import scripts, scripts import the module. */
function packageOf(file: string): "tests" | "scripts" | "examples" | "module" {
  const [first] = file.split("/");
  return first === "tests" || first === "scripts" || first === "examples" ? first : "module";
}

const BELOW = {
  tests: ["tests", "scripts", "module"],
  scripts: ["scripts", "module"],
  examples: ["examples", "module"],
  module: ["module"],
} as const;

nodeTest("tests import scripts and the module, scripts import the module, and it neither", () => {
  const mayImport = (file: string, imported: string) =>
    BELOW[packageOf(file)].some((each) => each === packageOf(imported));
  assert.deepEqual(wrongIn(typescript, mayImport), []);
  assert.ok(importsIn(typescript) > 700);
});

/** A folder of scripts beside its own: what its files may import. Programs may import all, `lib` is for all. */
const SCRIPTS_BESIDE: readonly (readonly [folder: string, beside: RegExp])[] = [
  ["scripts/measure", /^scripts\/bench\/(?:data|install|loop_delay|places|peers\/\w+)\.ts$/],
  ["scripts/campaigns", /^scripts\/campaigns\/(?:campaign|stores\/\w+)\.ts$/],
  ["scripts/campaigns/fuzz", /^scripts\/campaigns\/backups\/contents\.ts$/],
];

/** The folder whose files belong together: one of `scripts`, or one campaign. */
function areaOf(file: string): string {
  return /^scripts\/campaigns\/\w+(?=\/)|^(?:scripts|tests)\/\w+(?=\/)/.exec(file)?.[0] ?? dirname(file);
}

nodeTest("a folder of scripts imports itself, scripts/lib, and nothing of a program", () => {
  const scripts = new Map([...typescript].filter(([file]) => file.startsWith("scripts/")));
  const mayImport = (file: string, imported: string) =>
    !imported.startsWith("scripts/") ||
    areaOf(imported) === "scripts/lib" ||
    (areaOf(file) !== "scripts/lib" && areaOf(imported) === areaOf(file)) ||
    (areaOf(file) === "scripts" && areaOf(imported) !== "scripts") ||
    SCRIPTS_BESIDE.some(([folder, beside]) => file.startsWith(`${folder}/`) && beside.test(imported));
  assert.deepEqual(wrongIn(scripts, mayImport), []);
});

nodeTest("a folder of tests imports itself, tests/support and the guard's counters, and never a test", () => {
  const tests = new Map([...typescript].filter(([file]) => file.startsWith("tests/")));
  const mayImport = (file: string, imported: string) =>
    !imported.startsWith("tests/") ||
    (!imported.endsWith(".test.ts") &&
      (areaOf(imported) === "tests/support" ||
        (areaOf(file) !== "tests/support" && areaOf(imported) === areaOf(file)) ||
        (areaOf(file) !== "tests/support" && /^tests\/guard\/(?:within|limits|counted_\w+)\.ts$/.test(imported))));
  assert.deepEqual(wrongIn(tests, mayImport), []);
});

nodeTest("a test imports no program, and of a campaign what its short form is made of", () => {
  const tests = new Map([...typescript].filter(([file]) => file.startsWith("tests/")));
  const isProgram = (file: string) => /^scripts\/(?:\w+|campaigns\/\w+\/command)\.ts$/.test(file);
  assert.deepEqual(
    wrongIn(tests, (_, imported) => !isProgram(imported)),
    [],
  );
});

nodeTest("the search finds circles and wrong directions, and reads the paths of Rust", () => {
  const imports: Imports = new Map([
    ["a", ["b"]],
    ["b", ["c", "elsewhere"]],
    ["c", ["a"]],
    ["d", ["a", "e"]],
    ["e", ["e"]],
  ]);
  assert.deepEqual(circlesIn(imports), [["a", "b", "c"], ["e"]]);
  assert.deepEqual(
    wrongIn(imports, (file, imported) => file < imported),
    ["c imports a", "d imports a", "e imports e"],
  );
  const paths = pathsOf("crate::a::{self, b::{C, d}, e as f}");
  assert.deepEqual(paths, ["crate::a::self", "crate::a::b::C", "crate::a::b::d", "crate::a::e"]);
  assert.ok(engine.get("engine/src/database/verify.rs")?.includes("engine/src/database/payload.rs"));
  assert.ok(engine.get("engine/src/table/sparse.rs")?.includes("engine/src/log/segment.rs"));
});

function importsIn(imports: Imports): number {
  return [...imports.values()].reduce((sum, all) => sum + all.length, 0);
}
