/**
 * Builds the published package. It has the module in two forms, ESM and CommonJS, the command line, type declarations,
 * source maps and the engine. Each form is one file beside the engine's. So a cold start reads two files, and an
 * install downloads nothing else.
 *
 * `npm pack` and a git install take the same files from the project itself, whose `prepare` script builds `lib/`.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeDeclarations } from "./package/declarations.ts";
import { type Manifest, publishedManifest, withAbsoluteLinks, withPublisher } from "./package/manifest.ts";
import { buildPrograms } from "./package/programs.ts";
import { type Publisher, readPublisher } from "./package/publisher.ts";
import { ROOT } from "./runtimes.ts";

/** The name of the built folder. */
const LIBRARY = "lib";
/** Files that npm always includes, whatever `files` says. */
const ALWAYS = ["LICENSE"];

/** The package.json of the project. */
export function projectManifest(): Manifest {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
}

/**
 * Builds the package into `directory`, which is emptied first. Returns the npm packages that its files contain, sorted.
 */
export async function buildPackage(directory: string, publisher: Publisher = readPublisher()): Promise<string[]> {
  rmSync(directory, { recursive: true, force: true });
  const manifest = withPublisher(projectManifest(), publisher);
  const packages = await buildLibrary(directory);
  for (const file of [...ALWAYS, ...manifest.files].filter((file) => file !== LIBRARY)) {
    cpSync(join(ROOT, file), join(directory, file), { recursive: true });
  }
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  writeFileSync(join(directory, "README.md"), withAbsoluteLinks(readme, manifest));
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(publishedManifest(manifest), undefined, 2)}\n`);
  return packages;
}

/** Builds `lib/` in `directory`, which is emptied first. Returns the npm packages that its files contain, sorted. */
export async function buildLibrary(directory: string): Promise<string[]> {
  const library = join(directory, LIBRARY);
  rmSync(library, { recursive: true, force: true });
  const packages = await buildPrograms(library);
  writeDeclarations(library);
  return packages;
}

/** The report of `npm pack` about a tarball. */
export interface Tarball {
  readonly path: string;
  readonly sizeBytes: number;
  readonly unpackedBytes: number;
  readonly files: readonly string[];
}

/** Packs the package in `directory` into a tarball in `destination`. With `dryRun`, only reports its content. */
export function packPackage(
  directory: string,
  destination: string,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Tarball {
  mkdirSync(destination, { recursive: true });
  const options = ["--json", "--silent", "--ignore-scripts", `--pack-destination=${destination}`];
  const output = execFileSync("npm", ["pack", ...options, ...(dryRun ? ["--dry-run"] : [])], {
    cwd: directory,
    encoding: "utf8",
  });
  const report = Object.values(JSON.parse(output) as Record<string, NpmPackReport>)[0];
  if (!report) throw new Error(`npm pack reported nothing: ${output}`);
  return {
    path: join(destination, report.filename),
    sizeBytes: report.size,
    unpackedBytes: report.unpackedSize,
    files: report.files.map(({ path }) => path),
  };
}

interface NpmPackReport {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}
