/**
 * Builds the package that is published: JavaScript, type declarations, source maps and the engine.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary, ROOT } from "./runtimes.ts";

const FILES = ["README.md", "CHANGELOG.md", "LICENSE", "engine/luge_engine.wasm"];
/** What the published package.json takes over from that of the project; nothing in it runs on install. */
const FIELDS = ["name", "version", "description", "keywords", "license", "type", "engines", "dependencies"] as const;

const EXPORTS = {
  ".": { types: "./mod.d.ts", default: "./mod.js" },
  "./luge_engine.wasm": "./engine/luge_engine.wasm",
  "./package.json": "./package.json",
};

/** Builds the package into `directory`, which is emptied first. */
export function buildPackage(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  execFileSync(binary("tsc"), ["-p", "tsconfig.build.json", "--outDir", directory], { cwd: ROOT, stdio: "inherit" });
  mkdirSync(join(directory, "engine"), { recursive: true });
  // A map of the generated module would only carry its bytes a third time.
  rmSync(join(directory, "src", "wasm", "artefact.js.map"));
  for (const file of FILES) copyFileSync(join(ROOT, file), join(directory, file));
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
  const kept = Object.fromEntries(FIELDS.map((field) => [field, project[field]]));
  const published = { ...kept, sideEffects: false, exports: EXPORTS, types: "./mod.d.ts" };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
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
