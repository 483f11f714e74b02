/**
 * The package as its users get it: packed, installed into an empty project, imported, and type-checked.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { buildPackage, packPackage } from "../../scripts/lib/package.ts";
import { binary } from "../../scripts/lib/runtimes.ts";
import { VERSION } from "../../src/cli/version.ts";
import { nodeTest } from "../support/node_only.ts";
import { systemNode } from "../support/system_node.ts";
import { withDirectory } from "../support/temporary.ts";

const PROGRAM = `
import { MemoryStore, open, StoreError } from "@luge/luge";
import { createRequire } from "node:module";
const store = await open(process.argv[2]);
await store.put("key", "value");
await store.close();
const again = await open(process.argv[2]);
const value = new TextDecoder().decode(await again.get("key"));
const error = await open(process.argv[2]).catch((error) => error);
if (!(error instanceof StoreError) || error.code !== "STORE_LOCKED") throw error;
await again.close();
const memory = new MemoryStore();
memory.putSync("key", value);
const wasm = createRequire(import.meta.url).resolve("@luge/luge/luge_engine.wasm");
console.log(memory.getSync("key")?.length, wasm.endsWith(".wasm"));
`;

const CONSUMER = `
import { defaultConfig, type Logger, LoggingLevel, MemoryStore, open, type SledStoreConfig, type Store, StoreError } from "@luge/luge";

const logger: Logger = console;
const config: SledStoreConfig = { ...defaultConfig("data"), logger, loggingLevel: LoggingLevel.INFO };

export async function use(): Promise<string | undefined> {
  const stores: Store[] = [new MemoryStore(), await open(config), await open(new URL("file:///data"))];
  for (const store of stores) {
    const value: Uint8Array | undefined = await store.get("key");
    const all: Map<string, Uint8Array> = store.scanSync("");
    if (value === undefined && all.size > 0) await store.close();
  }
  try {
    await using store = await open("data");
    store.putSync(new Uint8Array(1), "value");
    // @ts-expect-error a number is no value
    await store.put("key", 1);
  } catch (error) {
    if (error instanceof StoreError && error.code === "STORE_CLOSED") return error.code;
  }
  return undefined;
}
`;

nodeTest("the package installs into an empty project, runs there, and type-checks", () =>
  withDirectory(async (directory) => {
    const built = join(directory, "built");
    await buildPackage(built);
    const tarball = packPackage(built, directory);
    checkContent(built, tarball.files);
    const project = install(directory, tarball.path);
    runEverywhere(project);
    runCommand(project);
    typeCheck(project);
  }),
);

function checkContent(built: string, files: readonly string[]): void {
  const unexpected = files.filter((file) => !/^(?:mod|src\/.+)\.d\.ts$/.test(file));
  assert.deepEqual(unexpected.sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "LICENSES.txt",
    "README.md",
    "artefact.js",
    "engine/luge_engine.wasm",
    "luge.js",
    "mod.js",
    "mod.js.map",
    "package.json",
  ]);
  const description = JSON.parse(readFileSync(join(built, "package.json"), "utf8"));
  assert.equal(description.scripts, undefined);
  assert.equal(description.version, VERSION);
  assert.equal(description.dependencies, undefined);
  assert.match(readFileSync(join(built, "LICENSES.txt"), "utf8"), /^commander$/m);
  assert.match(readFileSync(join(built, "LICENSES.txt"), "utf8"), /^@bjorn3\/browser_wasi_shim$/m);
  assert.match(readFileSync(join(built, "LICENSES.txt"), "utf8"), /^deno-std\n\nMIT License\n\n.*the Deno authors/m);
  const map = JSON.parse(readFileSync(join(built, "mod.js.map"), "utf8"));
  assert.equal(map.sourcesContent?.length, map.sources.length, "the map carries no sources");
}

function install(directory: string, tarball: string): string {
  const project = join(directory, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
  execFileSync("npm", ["install", ...options, tarball], { cwd: project, stdio: "inherit" });
  writeFileSync(join(project, "program.mjs"), PROGRAM);
  return project;
}

function runEverywhere(project: string): void {
  const runtimes = [systemNode(), binary("node"), binary("bun")].filter((path) => path !== undefined);
  for (const [i, runtime] of runtimes.entries()) {
    const output = execFileSync(runtime, ["program.mjs", `data${i}`], { cwd: project, encoding: "utf8" });
    assert.equal(output.trim(), "5 true", runtime);
  }
}

/** The command as its users call it, on each runtime. */
function runCommand(project: string): void {
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { cwd: project, encoding: "utf8", env: { ...process.env, PATH: withoutProject() } });
  assert.equal(run("npx", ["luge", "--version"]), `${VERSION}\n`);
  const file = join("node_modules", ".bin", "luge");
  const deno = ["run", "--no-prompt", "--allow-read", "--allow-write"];
  const ways: [string, readonly string[]][] = [
    [systemNode() ?? binary("node"), [file]],
    [binary("node"), [file]],
    [binary("bun"), [file]],
    [binary("deno"), [...deno, join("node_modules", "@luge", "luge", "luge.js")]],
  ];
  for (const [i, [command, args]] of ways.entries()) {
    run(command, [...args, "put", "shop", `key${i}`, "value"]);
    assert.equal(run(command, [...args, "count", "shop"]), `${i + 1}\n`, command);
    assert.equal(
      run(command, [...args, "dump", "shop", `key${i}`, "--format", "csv"]),
      `key,value,expiresAt\nkey${i},value,\n`,
    );
  }
}

/** The path of commands without those of the project, which `npm test` puts there. */
function withoutProject(): string {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter);
}

function typeCheck(project: string): void {
  writeFileSync(join(project, "consumer.ts"), CONSUMER);
  for (const [module, resolution] of [
    ["NodeNext", "NodeNext"],
    ["ESNext", "Bundler"],
  ]) {
    const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "ES2022", "--types", ""];
    const lib = [
      "--lib",
      "ES2022,ESNext.Disposable,DOM",
      "--module",
      `${module}`,
      "--moduleResolution",
      `${resolution}`,
    ];
    execFileSync(binary("tsc"), [...options, ...lib, "consumer.ts"], { cwd: project, stdio: "inherit" });
  }
  assert.ok(existsSync(join(project, "node_modules", "@luge", "luge", "mod.d.ts")));
}
