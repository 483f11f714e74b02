/**
 * Imports in `src` run one way, the way the data runs, so that each layer can be read, tested and replaced without the ones above it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "..", "..");

/** Folders and files, top first: a file imports from its own layer or from one below. */
const LAYERS: readonly (readonly string[])[] = [
  ["mod.ts"],
  ["src/open.ts"],
  ["src/config.ts", "src/store_directory.ts"],
  ["src/memory_store.ts", "src/sled_store.ts"],
  ["src/base_store.ts"],
  ["src/commit/"],
  ["src/wasm/"],
  ["src/host/"],
  ["src/fs/"],
  ["src/store.ts"],
  ["src/encoding.ts", "src/errors.ts", "src/limits.ts", "src/logger.ts"],
];

/** What each package from outside may be imported by; `node:` modules that are not here are free to use. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  "@bjorn3/browser_wasi_shim": ["src/host/"],
  // The disk is reached through the FileSystem contract; only a module given by URL is read without it.
  "node:fs": ["src/fs/"],
  "node:fs/promises": ["src/fs/", "src/wasm/load.ts"],
};

interface SourceFile {
  readonly path: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = [
  "mod.ts",
  ...readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => posix.join("src", path.replaceAll(sep, "/")))
    .filter((path) => path.endsWith(".ts")),
].map((path) => ({ path, imports: importsOf(path) }));

/** The modules that a file imports, static or dynamic; ours as paths from the root. */
function importsOf(path: string): string[] {
  const code = readFileSync(join(ROOT, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const found = code.matchAll(/^(?:import|export)\s(?:[\w\s{},*]*\sfrom\s)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm);
  return [...found]
    .map(([, fixed, dynamic]) => fixed ?? dynamic ?? "")
    .map((name) => (name.startsWith(".") ? posix.join(posix.dirname(path), name) : name));
}

function isIn(path: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place));
}

function layerOf(path: string): number {
  return LAYERS.findIndex((places) => isIn(path, places));
}

/** The first chain of imports that leads back to its start. */
function findCycle(path: string, chain: readonly string[], done: Set<string>): readonly string[] | undefined {
  if (chain.includes(path)) return [...chain.slice(chain.indexOf(path)), path];
  if (done.has(path)) return undefined;
  done.add(path);
  for (const next of files.find((file) => file.path === path)?.imports ?? []) {
    const cycle = findCycle(next, [...chain, path], done);
    if (cycle) return cycle;
  }
  return undefined;
}

test("the files and their imports are found", () => {
  assert.ok(files.length > 20, `only ${files.length} files`);
  const open = files.find(({ path }) => path === "src/open.ts");
  assert.ok(open?.imports.includes("src/wasm/load.ts"), "'src/open.ts' loads the engine");
});

test("every file has its layer", () => {
  const homeless = files.map(({ path }) => path).filter((path) => layerOf(path) < 0);
  assert.deepEqual(homeless, [], "Say in LAYERS where they belong");
});

test("imports run downwards", () => {
  const upwards = files.flatMap(({ path, imports }) =>
    imports.filter((name) => layerOf(name) >= 0 && layerOf(name) < layerOf(path)).map((name) => `${path} → ${name}`),
  );
  assert.deepEqual(upwards, []);
});

test("imports have no cycle", () => {
  const done = new Set<string>();
  for (const { path } of files) assert.equal(findCycle(path, [], done)?.join(" → "), undefined);
});

test("only the layer in charge reaches outside", () => {
  const outside = files.flatMap(({ path, imports }) =>
    imports
      .filter((name) => layerOf(name) < 0 && !isIn(path, OUTSIDE[name] ?? (name.startsWith("node:") ? [path] : [])))
      .map((name) => `${path} → ${name}`),
  );
  assert.deepEqual(outside, []);
});
