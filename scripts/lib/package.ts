/**
 * Builds the package that is published: JavaScript in one file beside the engine's, so that a cold start reads two files and
 * an install brings nothing else; the command line in a file of its own over it; type declarations, source maps and the engine.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type BuildOptions, build, buildSync } from "esbuild";
import { binary, ROOT } from "./runtimes.ts";

const FILES = ["README.md", "CHANGELOG.md", "LICENSE", "engine/luge_engine.wasm"];
/** What the published package.json takes over from that of the project; nothing in it runs on install. */
const FIELDS = ["name", "version", "description", "keywords", "license", "type", "engines"] as const;

const EXPORTS = {
  ".": { types: "./mod.d.ts", default: "./mod.js" },
  "./luge_engine.wasm": "./engine/luge_engine.wasm",
  "./package.json": "./package.json",
};

/** The command line, one file for all runtimes. */
const COMMAND = "luge.js";

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  platform: "node",
  target: ["es2022", "node20"],
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Builds the package into `directory`, which is emptied first. */
export async function buildPackage(directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  await buildPrograms(directory);
  const declarations = join(directory, "all");
  execFileSync(binary("tsc"), ["-p", "tsconfig.build.json", "--outDir", declarations], { cwd: ROOT, stdio: "inherit" });
  copyReachable(declarations, directory, "mod.d.ts");
  rmSync(declarations, { recursive: true });
  mkdirSync(join(directory, "engine"));
  for (const file of FILES) copyFileSync(join(ROOT, file), join(directory, file));
  const project = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
  const kept = Object.fromEntries(FIELDS.map((field) => [field, project[field]]));
  const published = {
    ...kept,
    sideEffects: false,
    exports: EXPORTS,
    types: "./mod.d.ts",
    bin: { luge: `./${COMMAND}` },
  };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
}

/** Builds what runs of the package into `directory`: the module, the engine and the command line. */
export async function buildPrograms(directory: string): Promise<void> {
  bundle(directory);
  await bundleCommand(directory);
}

/** Writes `mod.js`, and the engine into a file of its own, which is read at the first open. */
function bundle(directory: string): void {
  buildSync({
    ...OPTIONS,
    entryPoints: ["mod.ts"],
    outdir: directory,
    chunkNames: "[name]",
    splitting: true,
    sourcemap: true,
    // A third less to read at a cold start; names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
  });
  // Its map would only carry the engine's bytes once more.
  rmSync(join(directory, "artefact.js.map"));
}

/** Writes the command line, over the module beside it: the engine is not in the package twice. */
async function bundleCommand(directory: string): Promise<void> {
  const { metafile } = await build({
    ...OPTIONS,
    metafile: true,
    entryPoints: { luge: "src/cli/main.ts" },
    outdir: directory,
    minifySyntax: true,
    minifyWhitespace: true,
    // Two of its packages are CommonJS, and require modules of the runtime.
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    plugins: [
      {
        name: "module",
        setup: ({ onResolve }) => onResolve({ filter: /\/mod\.ts$/ }, () => ({ path: "./mod.js", external: true })),
      },
    ],
  });
  chmodSync(join(directory, COMMAND), 0o755);
  writeFileSync(join(directory, "LICENSES-luge.txt"), licensesOf(Object.keys(metafile.inputs)));
}

/** Licenses of packages that come without one. */
const LICENSES: { readonly [folder: string]: string } = { "node_modules/deno-std": join("std", "LICENSE") };

/** The licenses of the packages that files are from. */
function licensesOf(files: readonly string[]): string {
  const folders = files.flatMap((file) => /(?:^|\/)(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const own = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e/i.test(name));
    const license = own === undefined ? LICENSES[folder] : join(folder, own);
    if (license === undefined) throw new Error(`'${folder}' is bundled and has no license`);
    return `${folder.replace("node_modules/", "")}\n\n${readFileSync(join(ROOT, license), "utf8").trim()}\n`;
  });
  return texts.join("\n----\n\n");
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
