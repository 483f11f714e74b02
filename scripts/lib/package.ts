/**
 * Builds the package that is published: JavaScript in one file beside the engine's, so that a cold start reads two files and
 * an install brings nothing else; type declarations, source maps and the engine.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { binary, ROOT } from "./runtimes.ts";

/** What is bundled comes with its license. */
const LICENSES = { "LICENSE-browser_wasi_shim": "node_modules/@bjorn3/browser_wasi_shim/LICENSE-MIT" };
const FILES = ["README.md", "CHANGELOG.md", "LICENSE", "engine/luge_engine.wasm"];
/** What the published package.json takes over from that of the project; nothing in it runs on install. */
const FIELDS = ["name", "version", "description", "keywords", "license", "type", "engines"] as const;

const EXPORTS = {
  ".": { types: "./mod.d.ts", default: "./mod.js" },
  "./luge_engine.wasm": "./engine/luge_engine.wasm",
  "./package.json": "./package.json",
};

/** Builds the package into `directory`, which is emptied first. */
export function buildPackage(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  bundle(directory);
  const declarations = join(directory, "all");
  execFileSync(binary("tsc"), ["-p", "tsconfig.build.json", "--outDir", declarations], { cwd: ROOT, stdio: "inherit" });
  copyReachable(declarations, directory, "mod.d.ts");
  rmSync(declarations, { recursive: true });
  mkdirSync(join(directory, "engine"));
  for (const file of FILES) copyFileSync(join(ROOT, file), join(directory, file));
  for (const [name, file] of Object.entries(LICENSES)) copyFileSync(join(ROOT, file), join(directory, name));
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
  const kept = Object.fromEntries(FIELDS.map((field) => [field, project[field]]));
  const published = { ...kept, sideEffects: false, exports: EXPORTS, types: "./mod.d.ts" };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
}

/** Writes `mod.js`, and the engine into a file of its own, which is read at the first open. */
function bundle(directory: string): void {
  buildSync({
    absWorkingDir: ROOT,
    entryPoints: ["mod.ts"],
    outdir: directory,
    chunkNames: "[name]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: ["es2022", "node20"],
    sourcemap: true,
    logLevel: "warning",
  });
  // Its map would only carry the engine's bytes once more.
  rmSync(join(directory, "artefact.js.map"));
}

/** Copies the declarations that those of a file need; what is left was for the bundled code alone. */
function copyReachable(from: string, to: string, file: string): void {
  const target = join(to, file);
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(from, file), target);
  for (const [, imported = ""] of readFileSync(target, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.ts"/g))
    copyReachable(from, to, join(dirname(file), `${imported}.d.ts`));
}

/** What `npm pack` says of a tarball. */
export interface Tarball {
  readonly path: string;
  readonly sizeBytes: number;
  readonly files: readonly string[];
}

/** Packs the package in `directory` into a tarball in `destination`. */
export function packPackage(directory: string, destination: string): Tarball {
  mkdirSync(destination, { recursive: true });
  const output = execFileSync("npm", ["pack", "--json", "--silent", `--pack-destination=${destination}`], {
    cwd: directory,
    encoding: "utf8",
  });
  const report = Object.values(JSON.parse(output) as Record<string, NpmPackReport>)[0];
  if (!report) throw new Error(`npm pack reported nothing: ${output}`);
  return {
    path: join(destination, report.filename),
    sizeBytes: report.size,
    files: report.files.map(({ path }) => path),
  };
}

interface NpmPackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}
