/**
 * luge uses the packages that it is built on by name, each for the purpose in ARCHITECTURE.md.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nodeTest } from "../support/node_only.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const json = (file: string) => JSON.parse(read(file)) as Record<string, Record<string, string>>;

nodeTest("wasm-pack built the artefact", () => {
  const record = json("engine/luge_engine.build.json");
  assert.match(String(record.wasmPack), /^\d+\.\d+\.\d+$/);
  assert.ok(read("engine/wasm/Cargo.toml").includes(`wasm-bindgen = "=${record.wasmBindgen}"`));
  assert.match(read("scripts/engine/compile.ts"), /run\(tools\.wasmPack/);
});

nodeTest("the engine is sled", () => {
  const record = json("engine/luge_engine.build.json");
  assert.ok(read("engine/Cargo.toml").includes(`sled = { version = "=${record.sled}"`));
});

nodeTest("lz4_flex compresses for the engine, without unsafe code", () => {
  const manifest = read("engine/Cargo.toml");
  assert.match(manifest, /lz4_flex = \{ version = "=[\d.]+", .*features = \["alloc", "safe-decode", "safe-encode"\]/);
  const users = globSync("engine/src/**/*.rs", { cwd: ROOT }).filter((file) => read(file).includes("use lz4_flex"));
  assert.deepEqual(users, [join("engine", "src", "compression.rs")]);
});

nodeTest("browser_wasi_shim is the WASI of the host", () => {
  for (const [file, base] of [
    ["host_wasi.ts", "WASI"],
    ["descriptor.ts", "Fd"],
    ["file.ts", "HostFd"],
    ["directory.ts", "HostFd"],
    ["output.ts", "HostFd"],
  ] as const) {
    const source = read(`src/host/${file}`);
    assert.match(source, /from "@bjorn3\/browser_wasi_shim"/, file);
    assert.match(source, new RegExp(`class \\w+ extends ${base} \\{`), file);
  }
});

nodeTest("bun test runs every test file", () => {
  assert.match(read("bunfig.toml"), /\[test\]/);
  assert.match(read("scripts/lib/test_runtime.ts"), /case "bun":\s+return \["test"/);
  assert.ok(globSync("tests/**/*.test.ts", { cwd: ROOT }).length > 50);
});

nodeTest("ARCHITECTURE.md says the purpose of each", () => {
  const text = read("ARCHITECTURE.md");
  for (const name of ["sled", "lz4_flex", "wasm-pack", "browser_wasi_shim", "deno std", "bun test"])
    assert.ok(text.includes(name), name);
});

nodeTest("the licenses of the engine are those of the crates in its lock file", () => {
  const licenses = read("engine/LICENSES.txt");
  const named = [...licenses.matchAll(/^([\w-]+) (\d\S+)\n\nSPDX: \w.*$/gm)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  const locked = [...read("engine/Cargo.lock").matchAll(/^name = "(.*)"\nversion = "(.*)"\nsource/gm)].map(
    ([, name, version]) => `${name} ${version}`,
  );
  assert.ok(named.length > 10);
  assert.deepEqual(
    named.filter((crate) => !locked.includes(crate)),
    [],
  );
  for (const name of ["sled", "lz4_flex", "crossbeam-epoch"])
    assert.ok(named.some((crate) => crate.startsWith(`${name} `)));
});
