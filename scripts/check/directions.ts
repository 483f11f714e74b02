/**
 * The allowed directions of imports: in the engine, in `src`, and between scripts and tests. See ARCHITECTURE.md and
 * tests/README.md.
 *
 * @module
 */

import { dirname } from "node:path";
import { ROOT } from "../lib/runtimes.ts";
import { type Imports, rustImports, typescriptImports } from "./imports.ts";

/** The allowed imports among some files. */
export interface Rule {
  /** What the rule says. */
  readonly name: string;
  readonly imports: Imports;
  readonly mayImport: (file: string, imported: string) => boolean;
}

/** The modules of the engine from top to bottom. Modules of one line do not know each other. */
const ENGINE_FLOORS: readonly (readonly string[])[] = [
  ["lib"],
  ["abi"],
  ["backup", "request"],
  ["database"],
  ["cursor"],
  ["memtable", "table"],
  ["index"],
  ["log"],
  ["cache", "disk", "entry", "page"],
  ["compression", "failure", "operand"],
  ["abbreviation", "admission", "expiry", "position", "ring", "status", "varint", "version"],
  ["number"],
];

export function engineModuleOf(file: string): string {
  return file.replace("engine/src/", "").replace(/(?:\/.*|\.rs)$/, "");
}

/** The floor of a file of the engine, 0 for the top; -1 if it has none. */
export function floorOf(file: string): number {
  return ENGINE_FLOORS.findIndex((floor) => floor.includes(engineModuleOf(file)));
}

/** From top to bottom. A file may import its own layer and the layers below. */
const LAYERS: readonly RegExp[] = [
  /^src\/cli\//,
  /^src\/studio\//,
  /^src\/adapters\//,
  /^mod\.ts$/,
  /^src\/(?:open|browser)\.ts$/,
  /^src\/(?:shared|servers)\//,
  /^src\/(?:copy|destroy|fork|forked_files|leftovers|sled_store|memory_store|store_directory|store_marker|wait_for_lock|is_remote|config)\.ts$/,
  /^src\/store\//,
  /^src\/backup\//,
  /^src\/commit\//,
  /^src\/memory\//,
  /^src\/wasm\//,
  /^src\/host\//,
  /^src\/fs\//,
  /^src\/(?:codecs|keys|prometheus)\//,
  /^src\/(?:backend|base64|byte_range|bytes|channels|clock|crc32|encoded_batch|encoding|errors|histogram|key_format|key_space|limits|listening|logger|metrics|options|process|promises|realm)\.ts$/,
  /^src\/api\//,
];

/** The layer of a file of the module, 0 for the top; -1 if it has none. */
export function layerOf(file: string): number {
  return LAYERS.findIndex((layer) => layer.test(file));
}

/** The package of a file. Tests import scripts, scripts import the module. */
function packageOf(file: string): "tests" | "scripts" | "examples" | "module" {
  const [first] = file.split("/");
  return first === "tests" || first === "scripts" || first === "examples" ? first : "module";
}

const BELOW = {
  tests: ["tests", "scripts", "examples", "module"],
  scripts: ["scripts", "module"],
  examples: ["examples", "module"],
  module: ["module"],
} as const;

/**
 * Which other folders the files of a scripts folder may import. Programs may import all folders. All may import `lib`.
 */
const SCRIPTS_BESIDE: readonly (readonly [folder: string, beside: RegExp])[] = [
  ["scripts/measure", /^scripts\/bench\/(?:data|install|loop_delay|places|peers\/\w+)\.ts$/],
  ["scripts/campaigns", /^scripts\/campaigns\/(?:campaign|(?:stores|servers)\/\w+)\.ts$/],
  ["scripts/campaigns/fuzz", /^scripts\/campaigns\/backups\/contents\.ts$/],
  [
    "scripts/campaigns/protocol",
    /^scripts\/campaigns\/(?:simulate\/(?:clock|crash_states|crew|disk|engine_pool)|shared\/linearizable)\.ts$/,
  ],
];

/** The area of a file, within which all imports are allowed: a folder of `scripts`, or one campaign. */
function areaOf(file: string): string {
  return /^scripts\/campaigns\/\w+(?=\/)|^(?:scripts|tests)\/\w+(?=\/)/.exec(file)?.[0] ?? dirname(file);
}

/** The imports of the engine's sources. */
export function engineImports(root: string = ROOT): Imports {
  return rustImports("engine/src", root);
}

/** The imports of all TypeScript except the frozen fixtures. */
export function projectImports(root: string = ROOT): Imports {
  return typescriptImports(["mod.ts", "src/**/*.ts", "scripts/**/*.ts", "tests/**/*.ts", "examples/*.ts"], root);
}

/** The rules for the imports of the engine and of all TypeScript. */
export function rulesOf(engine: Imports, typescript: Imports): Rule[] {
  const below = (start: string) => new Map([...typescript].filter(([file]) => file.startsWith(start)));
  const [scripts, tests] = [below("scripts/"), below("tests/")];
  const module = new Map([...typescript].filter(([file]) => packageOf(file) === "module"));
  return [
    {
      name: "a module of the engine uses only those below it",
      imports: engine,
      mayImport: (file, imported) =>
        engineModuleOf(file) === engineModuleOf(imported) || floorOf(imported) > floorOf(file),
    },
    {
      name: "a file of the module imports only its own layer and lower ones",
      imports: module,
      mayImport: (file, imported) => layerOf(imported) >= layerOf(file),
    },
    {
      name: "tests import scripts, examples and the module, scripts import the module, and it none of them",
      imports: typescript,
      mayImport: (file, imported) => BELOW[packageOf(file)].some((each) => each === packageOf(imported)),
    },
    {
      name: "a folder of scripts imports itself, scripts/lib, and nothing of a program",
      imports: scripts,
      mayImport: (file, imported) =>
        !imported.startsWith("scripts/") ||
        areaOf(imported) === "scripts/lib" ||
        (areaOf(file) !== "scripts/lib" && areaOf(imported) === areaOf(file)) ||
        (areaOf(file) === "scripts" && areaOf(imported) !== "scripts") ||
        SCRIPTS_BESIDE.some(([folder, beside]) => file.startsWith(`${folder}/`) && beside.test(imported)),
    },
    {
      name: "a folder of tests imports itself, tests/support and the guard's counters, and never a test",
      imports: tests,
      mayImport: (file, imported) =>
        !imported.startsWith("tests/") ||
        (!imported.endsWith(".test.ts") &&
          (areaOf(imported) === "tests/support" ||
            (areaOf(file) !== "tests/support" && areaOf(imported) === areaOf(file)) ||
            (areaOf(file) !== "tests/support" && /^tests\/guard\/(?:within|limits|counted_\w+)\.ts$/.test(imported)))),
    },
    {
      name: "a test imports no program, and of a campaign what its short form is made of",
      imports: tests,
      mayImport: (_, imported) => !/^scripts\/(?:\w+|campaigns\/\w+\/command)\.ts$/.test(imported),
    },
  ];
}
