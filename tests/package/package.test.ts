/**
 * The package as its users get it: packed, installed into an empty project, imported, and type-checked.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import process from "node:process";
import { brotliCompressSync } from "node:zlib";
import { COMMAND_PEERS, EXPORTS, PEERS } from "../../scripts/lib/package/exports.ts";
import { type Manifest, withAbsoluteLinks } from "../../scripts/lib/package/manifest.ts";
import { buildPackage, packPackage, projectManifest } from "../../scripts/lib/package.ts";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { systemNode } from "../../scripts/lib/system_node.ts";
import { VERSION } from "../../src/cli/program.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const PROGRAM = `
import { MemoryStore, open, StoreError } from "@luge/luge";
import { cloneCodec, jsonCodec } from "@luge/luge/codecs";
import { tupleKey } from "@luge/luge/keys";
import { Kv, KvU64, openKv } from "@luge/luge/kv";
import { kvConnect } from "@luge/luge/kvconnect";
import { messagePackCodec } from "@luge/luge/messagepack";
import { createRequire } from "node:module";
for (const value of [cloneCodec(), jsonCodec(), messagePackCodec()]) {
  const view = new MemoryStore().view({ prefix: "p", key: tupleKey, value });
  view.putSync(["a", 1], { b: 2 });
  if ([...view.keys()][0][1] !== 1 || view.getSync(["a", 1]).b !== 2) throw new Error("another value");
}
const store = await open(process.argv[2]);
await (await openKv(store.view({ prefix: "kv/" }))).set(["a", 1], new KvU64(7n));
await store.put("key", "value");
await store.close();
const kv = await openKv(process.argv[2] + "-kv");
await kv.atomic().sum(["a"], 1n).commit();
const sum = await kv.get(["a"]);
if (!(kv instanceof Kv) || Kv.name !== "Kv" || sum.value?.value !== 1n) throw new Error("another database");
const refused = await open(process.argv[2] + "-kv").catch((error) => error);
if (!(refused instanceof StoreError)) throw new Error("another class of errors");
await kv[Symbol.asyncDispose]();
const answer = await kvConnect(new MemoryStore(), { token: "0123456789ab" })(new Request("http://127.0.0.1/"));
if (answer.status !== 401) throw new Error("another answer");
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

/** The adapters, each on a store of its own, and one on a part of an open store. */
const ADAPTERS = `
import { MemoryStore } from "@luge/luge";
import { KeyvLuge } from "@luge/luge/keyv";
import { LugeLevel } from "@luge/luge/level";
import { honoStore } from "@luge/luge/session";
import lugeDriver from "@luge/luge/unstorage";
import { createRequire } from "node:module";
const path = process.argv[2];
const level = new LugeLevel(path + "-level");
await level.put("key", "value");
const keyv = new KeyvLuge(path + "-keyv");
await keyv.set("key", "value");
const driver = lugeDriver(new MemoryStore().view({ prefix: "a/" }));
await driver.setItem("key", "value");
const sessions = honoStore(path + "-sessions");
await sessions.set("key", "value");
const found = [await level.get("key"), await keyv.get("key"), await driver.getItem("key"), await sessions.get("key")];
await Promise.all([level.close(), keyv.disconnect(), driver.dispose(), sessions.close()]);
const require = createRequire(import.meta.url);
const again = new (require("@luge/luge/level").LugeLevel)(path + "-level");
const required = [await again.get("key"), typeof require("@luge/luge/unstorage").default, typeof require("@luge/luge/keyv").KeyvLuge];
await again.close();
console.log(found.join(), required.join());
`;

/** Both forms in one process. They see each other's stores and errors. */
const BOTH = `
import { createRequire } from "node:module";
import * as esm from "@luge/luge";
const cjs = createRequire(import.meta.url)("@luge/luge");
const same = cjs.open === esm.open;
const names = Object.keys(esm).filter((name) => name !== "default" && name !== "module.exports" && name !== "__esModule");
const missing = names.filter((name) => typeof cjs[name] !== typeof esm[name]);
const store = await esm.open(process.argv[2]);
const refused = await cjs.open(process.argv[2]).catch((error) => error);
const known = [esm, cjs].every(({ StoreError }) => refused instanceof StoreError) && /this process/.test(refused.message);
await store.put("key", "value");
await store.close();
const other = await cjs.open(process.argv[2]);
console.log(same, missing.length, refused.code, known, Buffer.from(await other.get("key")).toString(), cjs.SledStore.name);
await other.close();
`;

/** An owner and a client, one from each form. Shared stores are a file of their own, which the module must fit. */
const SHARING = `
import { open, StoreError } from "@luge/luge";
import { createRequire } from "node:module";
const { open: openCjs } = createRequire(import.meta.url)("@luge/luge");
const path = process.argv[2];
const [owner, client] = [await open({ path, shared: true }), await openCjs({ path, shared: true })];
await owner.batch(["a", "b", "c", "d"].map((key) => ({ type: "put", key, value: key })));
const found = [];
for (const store of [owner, client]) {
  found.push((await store.keys({ gt: "a", lte: "c" }).toArray()).join(""), await store.count({ gte: "b" }));
  found.push((await store.transaction(async (tx) => (tx.put("n", "1"), (await tx.get("d")).length))));
}
found.push(owner.keys({ gt: "a", lt: "d", reverse: true }).toArraySync().join(""), owner.deleteRangeSync({ gt: "b", lte: "c" }));
const error = await owner.put(new Uint8Array(16).fill(255), "x").catch((error) => error);
const wrong = await client.backup({ since: 1e9 }).getReader().read().catch((error) => error);
if (!(error instanceof RangeError) || !(wrong instanceof RangeError || wrong instanceof StoreError)) throw error;
const follower = await open({ path, follow: true });
await follower.put("f", "1");
await client.put("f", "22");
while (follower.version < owner.version) await new Promise((resolve) => setTimeout(resolve, 1));
if (follower.getSync("f").length !== 2 || follower.countSync() !== owner.countSync()) throw new Error("a follower reads something else");
await follower.delete("f");
await follower.close();
await owner.close();
await client.put("e", "");
console.log(found.join(), client.role, await client.count());
await client.close();
`;

const REQUIRING = `
const { MemoryStore, open, StoreError } = require("@luge/luge");
const { CloneError, cloneCodec } = require("@luge/luge/codecs");
const { tupleKey } = require("@luge/luge/keys");
const { openKv } = require("@luge/luge/kv");
if (typeof require("@luge/luge/kvconnect").kvConnect !== "function") throw new Error("no kvConnect");
const { messagePackCodec } = require("@luge/luge/messagepack");
for (const value of [cloneCodec(), messagePackCodec()]) {
  const view = new MemoryStore().view({ prefix: "p", key: tupleKey, value });
  view.putSync([1n], [1]);
  if (view.getSync([1n])[0] !== 1 || CloneError.name !== "CloneError") throw new Error("another value");
}
open(process.argv[2]).then(async (store) => {
  await store.put("key", "value");
  const error = await open(process.argv[2]).catch((error) => error);
  const other = await openKv(process.argv[2]).catch((error) => error);
  if (!(other instanceof StoreError)) throw new Error("another class of errors");
  const value = Buffer.from(await store.get("key")).toString();
  await store.close();
  console.log(error instanceof StoreError, error.code, new MemoryStore().constructor.name, value);
});
`;

const CONSUMER = `
import { defaultConfig, type Logger, LoggingLevel, MemoryStore, open, type SharedStore, type SledStoreConfig, type Store, StoreError } from "@luge/luge";
import { cloneCodec } from "@luge/luge/codecs";
import { type Tuple, tupleKey, tupleKeyOf } from "@luge/luge/keys";
import { KeyvLuge } from "@luge/luge/keyv";
import { honoStore } from "@luge/luge/session";
import lugeDriver, { type LugeDriver } from "@luge/luge/unstorage";
import { type Kv, type KvEntryMaybe, type KvKey, KvU64, openKv } from "@luge/luge/kv";
import { kvConnect } from "@luge/luge/kvconnect";
import { messagePackCodec } from "@luge/luge/messagepack";

export const handler: (request: Request) => Promise<Response> = kvConnect(new MemoryStore(), { token: "0123456789ab" });
const logger: Logger = console;
const config: SledStoreConfig = { ...defaultConfig("data"), logger, loggingLevel: LoggingLevel.INFO };

export const driver: LugeDriver = lugeDriver({ base: "data", ttl: 1 });
export const sessions: Promise<{ a: number } | null> = honoStore<{ a: number }>("data").get("id");
export const keyv: Promise<string | undefined> = new KeyvLuge("data").get("key");

export async function use(): Promise<string | undefined> {
  const shared: SharedStore = await open({ path: "data", shared: true });
  const stores: Store[] = [new MemoryStore(), await open(config), await open(new URL("file:///data")), shared];
  for (const store of stores) {
    const tuples = store.view({ prefix: "a", key: tupleKey, value: cloneCodec<Map<string, Date>>() });
    const tuple: Tuple | undefined = [...tuples.keys({ prefix: ["a"] })][0];
    const typed = store.view({ prefix: "b", key: tupleKeyOf<[string, number]>(), value: messagePackCodec<number>() });
    for (const [[name, count], number] of typed.entries()) await typed.put([name, count + number], number);
    // @ts-expect-error a key of another type
    if (tuple) await typed.put(tuple, 1);
    const kv: Kv = await openKv(store.view({ prefix: "kv" }));
    const [name, age] = await kv.getMany<[string, number]>([["name"], ["age"]]);
    const entry: KvEntryMaybe<KvU64> = await kv.get<KvU64>(["visits"]);
    const key: KvKey = [entry.key.length, name.value?.length ?? 0, age.value ?? 0n, true, new Uint8Array()];
    for await (const { value, versionstamp } of kv.list<Date>({ prefix: key }, { limit: 1, reverse: undefined })) {
      await kv.atomic().check({ key, versionstamp }).set(key, value.getTime()).sum(["visits"], 1n).commit();
    }
    for await (const [seen] of kv.watch<[number]>([key])) if (seen.value === 1) break;
    kv.close();
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

/** Apart from the others, since the types of abstract-level need those of Node. */
const LEVEL_CONSUMER = `
import { LugeLevel } from "@luge/luge/level";

export async function use(): Promise<number | undefined> {
  const db = new LugeLevel<string, { a: number }>("data", { valueEncoding: "json" });
  await db.put("key", { a: 1 }, { sync: true });
  // @ts-expect-error a value of another type
  await db.put("key", "text");
  const value: { a: number } | undefined = await db.get("key");
  for await (const [key, { a }] of db.iterator({ gt: "a", limit: 1 })) console.log(key.length + a);
  await db.batch([{ type: "del", key: "key" }], { sync: true });
  await db.batch().put("a", { a: 1 }).write();
  await db.sublevel("sub").put("key", "text");
  await db.store.compact();
  return value?.a;
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
    runWithOtherFiles(project);
    typeCheck(project);
  }),
);

/** Both forms of what is bundled. */
function bundles(name: string): string[] {
  return ["cjs", "cjs.map", "js", "js.map"].map((extension) => `lib/${name}.${extension}`);
}

function checkContent(built: string, files: readonly string[]): void {
  const unexpected = files.filter((file) => !/^lib\/(?:mod|src\/.+)\.d\.c?ts$/.test(file));
  assert.deepEqual(unexpected.sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "engine/luge_engine.wasm",
    ...readdirSync(join(ROOT, "examples")).map((file) => `examples/${file}`),
    "lib/LICENSES.txt",
    "lib/artefact.cjs",
    "lib/artefact.js",
    ...bundles("browser"),
    ...["codecs", "etcd", "keys", "keyv"].flatMap(bundles),
    // The dot comes before the letters.
    ...bundles("kv"),
    ...bundles("kvconnect"),
    ...bundles("level"),
    "lib/luge.js",
    ...["messagepack", "mod", "postgres", "prometheus", "session", "shared"].flatMap(bundles),
    "lib/studio.js",
    "lib/studio_page.js",
    "lib/thread_worker.js",
    "lib/thread_worker.js.map",
    ...bundles("unstorage"),
    "package.json",
  ]);
  const description = JSON.parse(readFileSync(join(built, "package.json"), "utf8"));
  for (const field of ["private", "scripts", "devDependencies", "overrides"])
    assert.equal(description[field], undefined, field);
  assert.equal(description.version, VERSION);
  assert.equal(description.dependencies, undefined);
  assert.match(readFileSync(join(built, "lib", "LICENSES.txt"), "utf8"), /^commander$/m);
  assert.match(readFileSync(join(built, "lib", "LICENSES.txt"), "utf8"), /^@bjorn3\/browser_wasi_shim$/m);
  assert.match(readFileSync(join(built, "lib", "LICENSES.txt"), "utf8"), /^@msgpack\/msgpack$/m);
  assert.match(readFileSync(join(built, "lib", "LICENSES.txt"), "utf8"), /^pbf$/m);
  assert.match(
    readFileSync(join(built, "lib", "LICENSES.txt"), "utf8"),
    /^sled 0\.34\.7\n\nSPDX: MIT OR Apache-2\.0$/m,
  );
  assert.match(
    readFileSync(join(built, "lib", "LICENSES.txt"), "utf8"),
    /^deno-std\n\nMIT License\n\n.*the Deno authors/m,
  );
  const map = JSON.parse(readFileSync(join(built, "lib", "mod.js.map"), "utf8"));
  assert.equal(map.sourcesContent?.length, map.sources.length, "the map has no sources");
  for (const file of readdirSync(join(built, "lib")).filter((file) => /\.c?js$/.test(file) && file !== "luge.js")) {
    assert.doesNotMatch(readFileSync(join(built, "lib", file), "utf8"), /sourceMappingURL/, file);
  }
  // Every cold start reads it. Before the keys, codecs, views and adapters it had 174,356 bytes.
  const core = readFileSync(join(built, "lib", "mod.js"));
  assert.ok(core.length <= 174_356 + 5000, `mod.js has ${core.length} bytes`);
  assert.doesNotMatch(core.toString(), /poll_oneoff|sock_recv/, "calls of the shim that the engine does not import");
  // Each is small, and loads no other one. Adapters import the module, and do not contain a second one.
  const sizes = {
    keys: 9,
    codecs: 17,
    messagepack: 28,
    prometheus: 6,
    kv: 44,
    kvconnect: 48,
    postgres: 121,
    etcd: 127,
  };
  const imports: Record<string, readonly string[]> = {
    kv: ["mod", "node:timers"],
    kvconnect: ["node:timers"],
    postgres: ["node:timers", "postgres"],
    etcd: [],
  };
  for (const [name, kilobytes] of Object.entries(sizes)) {
    for (const file of [`${name}.js`, `${name}.cjs`]) {
      const text = readFileSync(join(built, "lib", file), "utf8");
      assert.ok(text.length < 1000 * kilobytes, `${file} has ${text.length} bytes`);
      const imported = [...text.matchAll(/\b(?:from|require\()\s*"([^"]*)"/g)].map(([, path]) => path);
      const module = file.endsWith(".js") ? "./mod.js" : "./mod.cjs";
      const allowed = (imports[name] ?? []).map((each) => (each === "mod" ? module : each));
      assert.deepEqual([...new Set(imported)].sort(), allowed, file);
      assert.doesNotMatch(text, /luge_get/, file);
    }
  }
  // The adapters load the module beside them, and nothing but that and their peers.
  const adapters = { level: 11, keyv: 4, unstorage: 5, session: 5 };
  checkShared(built);
  checkStudio(built);
  for (const [name, kilobytes] of Object.entries(adapters)) {
    for (const [file, module] of [
      [`${name}.js`, "./mod.js"],
      [`${name}.cjs`, "./mod.cjs"],
    ] as const) {
      const text = readFileSync(join(built, "lib", file), "utf8");
      assert.ok(text.length < 1000 * kilobytes, `${file} has ${text.length} bytes`);
      const loaded = [...text.matchAll(/\b(?:from|import|require\()\s*"([^"]+)"/g)].map(([, from]) => from);
      assert.deepEqual(
        [...new Set(loaded)].sort(),
        [module, ...(name === "level" ? ["abstract-level"] : [])].sort(),
        file,
      );
    }
  }
  const optional = [...PEERS, ...COMMAND_PEERS];
  assert.deepEqual(Object.keys(description.peerDependencies), optional.sort());
  for (const peer of optional) assert.equal(description.peerDependenciesMeta[peer].optional, true);
  const names = Object.keys(description.exports).map((name) => name.replace("./", ""));
  assert.deepEqual(names.filter((name) => name in EXPORTS).sort(), Object.keys(EXPORTS).sort());
}

/** The studio is loaded late, and its page is small enough to send at once. */
function checkStudio(built: string): void {
  const page = readFileSync(join(built, "lib", "studio_page.js"));
  const compressed = brotliCompressSync(page).length;
  assert.ok(compressed <= 120_000, `the page of the studio has ${compressed} bytes with brotli`);
  const server = readFileSync(join(built, "lib", "studio.js"), "utf8");
  assert.ok(server.length < 60_000, `studio.js has ${server.length} bytes`);
  const loaded = [...server.matchAll(/\}from"([^"]+)"/g)].map(([, from = ""]) => from);
  assert.deepEqual(
    loaded.filter((from) => !from.startsWith("node:")),
    ["./studio_page.js"],
  );
}

/** What shared stores need is loaded late. It has only its errors and the disk from the module. */
function checkShared(built: string): void {
  for (const [file, module] of [
    ["shared.js", "./mod.js"],
    ["shared.cjs", "./mod.cjs"],
  ] as const) {
    const text = readFileSync(join(built, "lib", file), "utf8");
    assert.ok(text.length < 133_000, `${file} has ${text.length} bytes`);
    const loaded = [...text.matchAll(/\b(?:from|import|require\()\s*\(?"([^"]+)"/g)].map(([, from]) => from);
    assert.ok(loaded.includes(module));
    assert.deepEqual(
      loaded.filter((from) => from !== module && !from?.startsWith("node:")),
      [],
      file,
    );
  }
}

function install(directory: string, tarball: string): string {
  const project = join(directory, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
  const peers = PEERS.map((peer) => `${peer}@${projectManifest().devDependencies[peer]}`);
  execFileSync("npm", ["install", ...options, tarball, ...peers], { cwd: project, stdio: "inherit" });
  writeFileSync(join(project, "program.mjs"), PROGRAM);
  writeFileSync(join(project, "both.mjs"), BOTH);
  writeFileSync(join(project, "adapters.mjs"), ADAPTERS);
  writeFileSync(join(project, "requiring.cjs"), REQUIRING);
  writeFileSync(join(project, "sharing.mjs"), SHARING);
  return project;
}

function runEverywhere(project: string): void {
  const runtimes = [systemNode(), binary("node"), binary("bun"), binary("deno")].filter((path) => path !== undefined);
  const expected = {
    "program.mjs": /^5 true$/,
    "requiring.cjs": /^true STORE_LOCKED MemoryStore value$/,
    "sharing.mjs": /^bc,3,1,bc,4,1,cb,1 owner 5$/,
    "adapters.mjs": /^value,value,value,value value,function,function$/,
    "both.mjs": /^(?:true|false) 0 STORE_LOCKED true value SledStore$/,
  };
  for (const [i, runtime] of runtimes.entries()) {
    const flags = runtime === binary("deno") ? ["run", "--allow-all", "--no-prompt"] : [];
    for (const [program, pattern] of Object.entries(expected)) {
      const args = [...flags, program, `data${i}-${program}`];
      const output = execFileSync(runtime, args, { cwd: project, encoding: "utf8" });
      assert.match(output.trim(), pattern, `${runtime} ${program}`);
    }
  }
}

/** The engine's file is read from its place. If it is damaged or missing, the text form is used. */
function runWithOtherFiles(project: string): void {
  const file = join(project, "node_modules", "@luge", "luge", "engine", "luge_engine.wasm");
  const own = readFileSync(file);
  const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const runtimes = [systemNode(), binary("node"), binary("bun"), binary("deno")].filter((path) => path !== undefined);
  for (const [i, runtime] of runtimes.entries()) {
    const flags = runtime === binary("deno") ? ["run", "--allow-all", "--no-prompt"] : [];
    const run = (program: string, name: string) =>
      spawnSync(runtime, [...flags, program, `other${i}-${program}-${name}`], { cwd: project, encoding: "utf8" });
    for (const program of ["program.mjs", "requiring.cjs"]) {
      writeFileSync(file, empty);
      assert.match(run(program, "empty").stderr, /it has no ABI version/, `${runtime} ${program}`);
      writeFileSync(file, own.subarray(0, own.length / 2));
      assert.equal(run(program, "damaged").status, 0, `${runtime} ${program}`);
    }
    rmSync(file);
    assert.equal(run("requiring.cjs", "absent").status, 0, runtime);
  }
  writeFileSync(file, own);
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
    [binary("deno"), [...deno, join("node_modules", "@luge", "luge", "lib", "luge.js")]],
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

/** The PATH without the project's commands, which `npm test` adds. */
function withoutProject(): string {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter);
}

/** As an ES module, in CommonJS (`.cts`), and for a bundler. */
function typeCheck(project: string): void {
  writeFileSync(join(project, "consumer.ts"), CONSUMER);
  // A CommonJS project has no `await using` at the top level, so this part is removed.
  writeFileSync(join(project, "consumer.cts"), CONSUMER);
  for (const file of ["level.ts", "level.cts"]) writeFileSync(join(project, file), LEVEL_CONSUMER);
  for (const [module, resolution, file] of [
    ["NodeNext", "NodeNext", "consumer.ts"],
    ["NodeNext", "NodeNext", "consumer.cts"],
    ["Node16", "Node16", "consumer.cts"],
    ["ESNext", "Bundler", "consumer.ts"],
  ] as const) {
    const options = ["--strict", "--noEmit", "--skipLibCheck", "false", "--target", "ES2022", "--types", ""];
    const lib = ["--lib", "ES2022,ESNext.Disposable,DOM", "--module", module, "--moduleResolution", resolution];
    execFileSync(binary("tsc"), [...options, ...lib, file], { cwd: project, stdio: "inherit" });
    const node = ["--types", "node", "--typeRoots", join(ROOT, "node_modules", "@types"), "--skipLibCheck"];
    const level = file.replace("consumer", "level");
    execFileSync(binary("tsc"), [...options, ...lib, ...node, level], { cwd: project, stdio: "inherit" });
  }
  for (const file of ["mod.d.ts", "mod.d.cts"]) {
    assert.ok(existsSync(join(project, "node_modules", "@luge", "luge", "lib", file)));
  }
}

/** Copies the project's files that are or would be committed to another place, with its packages. */
function copyProject(directory: string): string {
  const copy = join(directory, "project");
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of listed.split("\n").filter((file) => file !== "" && existsSync(join(ROOT, file)))) {
    cpSync(join(ROOT, file), join(copy, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

nodeTest("`npm pack` in the project has the same files, and git ignores what it builds", () =>
  withDirectory(async (directory) => {
    const project = copyProject(directory);
    const env = { ...process.env, npm_command: "", PATH: `${dirname(binary("node"))}${delimiter}${process.env.PATH}` };
    const options = ["--json", "--silent", "--foreground-scripts=false", `--pack-destination=${directory}`];
    execFileSync("npm", ["pack", ...options], { cwd: project, env, stdio: "pipe" });
    const tarball = join(directory, `luge-luge-${VERSION}.tgz`);
    const list = (file: string) => execFileSync("tar", ["-tzf", file], { encoding: "utf8" }).trim().split("\n").sort();
    const built = join(directory, "built");
    await buildPackage(built);
    assert.deepEqual(list(tarball), list(packPackage(built, join(directory, "other")).path));
    const scripts = JSON.parse(readFileSync(join(project, "package.json"), "utf8")).scripts;
    for (const name of ["preinstall", "install", "postinstall"]) assert.equal(scripts[name], undefined, name);
  }),
);

nodeTest("the manifests agree, and JSR accepts the sources", () => {
  const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), "utf8"));
  const [npm, jsr] = [read("package.json"), read("deno.json")];
  for (const field of ["name", "version", "license"]) assert.equal(npm[field], jsr[field], field);
  const args = ["publish", "--dry-run", "--allow-dirty"];
  const { status, stdout, stderr } = spawnSync(binary("deno"), args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  assert.equal(status, 0, stderr);
  const files = [...`${stdout}${stderr}`.matchAll(/file:\/\/(\S+) \(/g)].map(([, path = ""]) => relative(ROOT, path));
  assert.ok(files.includes("mod.ts") && files.includes("README.md") && files.includes("LICENSE"), files.join(" "));
  assert.deepEqual(
    files.filter((file) => !/^(?:mod\.ts|[A-Z]+(?:\.md)?|deno\.json|src\/(?!(?:cli|studio)\/).*\.ts)$/.test(file)),
    [],
  );
});

nodeTest("links of the published README point to the repository in package.json, if there is one", () => {
  const markdown = "[a](ARCHITECTURE.md) ![b](docs/b.svg) [c](#part) [d](https://example.org/) [e](docs/x.md#y)";
  const manifest = projectManifest();
  const { repository: _, ...nameless } = manifest;
  assert.equal(withAbsoluteLinks(markdown, nameless as Manifest), markdown);
  const repository = { type: "git", url: "git+https://example.org/some/luge.git" };
  assert.equal(
    withAbsoluteLinks(markdown, { ...manifest, version: "1.2.3", repository }),
    "[a](https://example.org/some/luge/blob/v1.2.3/ARCHITECTURE.md) " +
      "![b](https://example.org/some/luge/raw/v1.2.3/docs/b.svg) [c](#part) [d](https://example.org/) " +
      "[e](https://example.org/some/luge/blob/v1.2.3/docs/x.md#y)",
  );
});
