/**
 * Tries the adapter of Level with the suite of abstract-level on the disk, and with programs that are built on Level.
 *
 * @module
 */

import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { build } from "esbuild";
import { LugeLevel, type LugeLevelOptions } from "../../src/adapters/level/mod.ts";
import { binary, ROOT } from "../lib/runtimes.ts";
import { Tape, type TapeTest } from "../lib/tape.ts";

const MANIFEST = join(ROOT, "scripts", "integrations", "programs", "package.json");
const PROGRAMS = join(ROOT, "dist", "programs");
const LEVEL = pathToFileURL(join(ROOT, "src", "adapters", "level", "mod.ts")).href;

/** How many tests of a program passed and failed. */
export interface Tried {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
}

type Suite = (options: {
  readonly test: (name: string, run: TapeTest) => void;
  readonly factory: (options?: LugeLevelOptions<string, string>) => LugeLevel;
}) => void;

/** Runs the suite of abstract-level with a store of its own on the disk for each test. */
async function trySuite(): Promise<Tried> {
  const folder = mkdtempSync(join(PROGRAMS, "suite-"));
  const tests: [name: string, run: TapeTest][] = [];
  const opened: LugeLevel[] = [];
  const suite = createRequire(import.meta.url)("abstract-level/test") as Suite;
  suite({
    test: (name, run) => tests.push([name, run]),
    factory(options) {
      const db = new LugeLevel(join(folder, String(opened.length)), options);
      opened.push(db);
      return db;
    },
  });
  let failed = 0;
  for (const [name, run] of tests) {
    try {
      await new Tape().run(run);
    } catch (error) {
      failed += 1;
      console.error(name, error);
    }
  }
  for (const db of opened) await db.close().catch(() => {});
  rmSync(folder, { recursive: true });
  return { name: "abstract-level's suite, on disk", passed: tests.length - failed, failed };
}

/** IPFS's suite of datastores, which is written for mocha and for chai of `aegir`. */
const DATASTORE = `
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { LugeLevel } from "@luge/luge/level";
import { LevelDatastore } from "datastore-level";
// As mocha calls a test.
const it = (name, run) => test(name, () => run.call({ timeout() {} }));
Object.assign(globalThis, { after, afterEach, before, beforeEach, describe, it });
const { interfaceDatastoreTests } = await import("interface-datastore-tests");
const folder = mkdtempSync("datastore-");
let count = 0;
after(() => rmSync(folder, { recursive: true }));
interfaceDatastoreTests({
  async setup() {
    const store = new LevelDatastore(new LugeLevel(folder + "/" + count++, { keyEncoding: "utf8", valueEncoding: "view" }));
    await store.open();
    return store;
  },
  teardown: (store) => store.close(),
});
`;

const CHAI = `
import * as chai from "chai";
import chaiAsPromised from "chai-as-promised";
import chaiParentheses from "chai-parentheses";
chai.use(chaiAsPromised);
chai.use(chaiParentheses);
export const { expect } = chai;
`;

/** y-leveldb's own tests. It is made for Level 8, which throws for a key that is missing. */
const Y_LEVELDB = `import "./node_modules/y-leveldb/dist/test.cjs";`;

const LEVEL_8 = `
import { LugeLevel } from "@luge/luge/level";
export class Level extends LugeLevel {
  async get(...given) {
    const value = await super.get(...given);
    if (value !== undefined) return value;
    throw Object.assign(new Error("missing"), { notFound: true, code: "LEVEL_NOT_FOUND", status: 404 });
  }
}
`;

const LEVEL_10 = `export { LugeLevel as ClassicLevel, LugeLevel as Level } from "@luge/luge/level";`;

/**
 * Bundles a program with luge as its Level. Returns the file. With `own`, only these packages are in it, and the others
 * stay imports.
 */
async function bundle(name: string, contents: string, own?: readonly string[]): Promise<string> {
  const outfile = join(PROGRAMS, `${name}.mjs`);
  const replaced: Readonly<Record<string, string>> = {
    "aegir/chai": CHAI,
    level: name === "y-leveldb" ? LEVEL_8 : LEVEL_10,
    "classic-level": LEVEL_10,
  };
  await build({
    stdin: { contents, resolveDir: PROGRAMS },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    logLevel: "warning",
    // y-leveldb says that its tests have no side effects.
    ignoreAnnotations: true,
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    external: ["@luge/luge/level"],
    plugins: [
      {
        name: "luge as Level",
        setup({ onLoad, onResolve }) {
          onResolve({ filter: /^@luge\/luge\/level$/ }, () => ({ path: LEVEL, external: true }));
          onResolve({ filter: /^(?:aegir\/chai|level|classic-level)$/ }, ({ path }) => ({
            path,
            namespace: "replaced",
          }));
          onResolve({ filter: /^[a-z@]/ }, ({ path }) =>
            own === undefined || own.some((each) => path.startsWith(each)) ? undefined : { path, external: true },
          );
          onLoad({ filter: /.*/, namespace: "replaced" }, ({ path }) => ({
            contents: replaced[path] ?? "",
            resolveDir: PROGRAMS,
          }));
        },
      },
    ],
  });
  return outfile;
}

/** Runs a file with Node's test runner, and reads its counts. */
function runTests(name: string, file: string): Tried {
  const args = ["--test", "--test-reporter=tap", file];
  const { stdout } = spawnSync(binary("node"), args, { cwd: PROGRAMS, encoding: "utf8" });
  const countOf = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(stdout)?.[1] ?? Number.NaN);
  const tried = { name, passed: countOf("pass"), failed: countOf("fail") };
  if (!(tried.failed === 0 && tried.passed > 0)) console.error(stdout);
  return tried;
}

async function tryYLeveldb(): Promise<Tried> {
  const file = await bundle("y-leveldb", Y_LEVELDB, []);
  const { stdout, status } = spawnSync(binary("node"), [file], { cwd: PROGRAMS, encoding: "utf8" });
  const tests = Number(/\[\d+\/(\d+)\]/.exec(stripVTControlCharacters(stdout))?.[1] ?? Number.NaN);
  if (status !== 0) console.error(stdout);
  return { name: "y-leveldb's tests", passed: status === 0 ? tests : 0, failed: status === 0 ? 0 : tests };
}

function installPrograms(): void {
  const wanted = readFileSync(MANIFEST, "utf8");
  const marker = join(PROGRAMS, "installed");
  mkdirSync(PROGRAMS, { recursive: true });
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  copyFileSync(MANIFEST, join(PROGRAMS, "package.json"));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
  execFileSync("npm", ["install", ...options], { cwd: PROGRAMS, stdio: "inherit" });
  writeFileSync(marker, wanted);
}

/** Tries all. `quadstore` is a checkout of quadstore with its tests built, if there is one: npm does not have them. */
export async function tryAdapters(quadstore: string | undefined): Promise<Tried[]> {
  installPrograms();
  const tried = [
    await trySuite(),
    runTests(
      "IPFS's interface-datastore-tests, through datastore-level",
      await bundle("datastore", DATASTORE, ["datastore-level", "interface-datastore-tests"]),
    ),
    await tryYLeveldb(),
  ];
  if (quadstore === undefined) return tried;
  const tests = join(quadstore, "dist", "test", "main.js");
  return [...tried, runTests("quadstore's tests", await bundle("quadstore", `import ${JSON.stringify(tests)};`))];
}
