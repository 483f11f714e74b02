/**
 * Builds the program with each bundler, and runs the result in a place where the package cannot be found.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { binary } from "../lib/runtimes.ts";
import { systemNode } from "../lib/system_node.ts";
import { COMMONJS, ESM, PRINTED } from "./app.ts";
import type { Project } from "./project.ts";
import { tool, toolVersion } from "./tools.ts";

/** One way to bundle the program. */
export interface Bundler {
  readonly name: string;
  readonly version: () => string;
  /** The command that builds `app.mjs` or `app.cjs` into the folder `out`. */
  readonly command: readonly [string, ...string[]];
  /** The file to run, and the runtime if it is not Node. */
  readonly runs: string;
  readonly runner?: "bun" | "itself";
  /** The number of output files; other bundlers may write any number of chunks. */
  readonly files?: number;
}

const VITE = `export default {
  logLevel: "warn",
  build: { ssr: "app.mjs", outDir: "out/vite", target: "node20", minify: false },
  ssr: { noExternal: true },
};`;

const WEBPACK = (name: string, entry: string) => `module.exports = {
  mode: "production", target: "node20", entry: "./${entry}", stats: "errors-warnings",
  output: { path: __dirname + "/out/${name}", filename: "app.cjs" },
};`;

const npm = (name: string) => () => toolVersion(name);
const esbuild = (format: string, entry: string, out: string): [string, ...string[]] => [
  tool("esbuild"),
  entry,
  "--bundle",
  "--platform=node",
  "--target=node20",
  "--log-level=warning",
  `--format=${format}`,
  `--outfile=${out}`,
];
const rollup = (...options: string[]): [string, ...string[]] => [
  tool("rollup"),
  "app.mjs",
  "--silent=false",
  "--plugin=@rollup/plugin-node-resolve",
  "--format=es",
  "--external=/^node:/",
  ...options,
];
const bunVersion = () => toolVersionOf(binary("bun"));
const bun = (...options: string[]): [string, ...string[]] => [binary("bun"), "build", "app.mjs", ...options];

/** All bundlers that the gate tries. */
export const BUNDLERS: readonly Bundler[] = [
  {
    name: "esbuild, ESM",
    version: npm("esbuild"),
    command: esbuild("esm", "app.mjs", "out/esbuild-esm/app.mjs"),
    runs: "out/esbuild-esm/app.mjs",
    files: 1,
  },
  {
    name: "esbuild, ESM to CommonJS",
    version: npm("esbuild"),
    command: esbuild("cjs", "app.mjs", "out/esbuild-mixed/app.cjs"),
    runs: "out/esbuild-mixed/app.cjs",
    files: 1,
  },
  {
    name: "esbuild, CommonJS",
    version: npm("esbuild"),
    command: esbuild("cjs", "app.cjs", "out/esbuild-cjs/app.cjs"),
    runs: "out/esbuild-cjs/app.cjs",
    files: 1,
  },
  {
    name: "webpack, ESM",
    version: npm("webpack"),
    command: [tool("webpack"), "--config=webpack-esm.config.cjs"],
    runs: "out/webpack-esm/app.cjs",
  },
  {
    name: "webpack, CommonJS",
    version: npm("webpack"),
    command: [tool("webpack"), "--config=webpack-cjs.config.cjs"],
    runs: "out/webpack-cjs/app.cjs",
    files: 1,
  },
  {
    name: "Rollup",
    version: npm("rollup"),
    command: rollup("--dir=out/rollup", "--entryFileNames=[name].mjs"),
    runs: "out/rollup/app.mjs",
  },
  {
    name: "Rollup, one file",
    version: npm("rollup"),
    command: rollup("--inlineDynamicImports", "--file=out/rollup-one/app.mjs"),
    runs: "out/rollup-one/app.mjs",
    files: 1,
  },
  {
    name: "Rolldown",
    version: npm("rolldown"),
    command: [
      tool("rolldown"),
      "app.mjs",
      "--platform=node",
      "--format=esm",
      "--dir=out/rolldown",
      "--entry-file-names=[name].mjs",
    ],
    runs: "out/rolldown/app.mjs",
  },
  {
    name: "Vite, SSR without externals",
    version: npm("vite"),
    command: [tool("vite"), "build"],
    runs: "out/vite/app.mjs",
  },
  {
    name: "ncc, ESM",
    version: npm("@vercel/ncc"),
    command: [tool("ncc"), "build", "app.mjs", "--quiet", "--out=out/ncc-esm"],
    runs: "out/ncc-esm/index.mjs",
  },
  {
    name: "ncc, CommonJS",
    version: npm("@vercel/ncc"),
    command: [tool("ncc"), "build", "app.cjs", "--quiet", "--out=out/ncc-cjs"],
    runs: "out/ncc-cjs/index.cjs",
  },
  {
    name: "bun build, for Bun",
    version: bunVersion,
    command: bun("--target=bun", "--outfile=out/bun/app.js"),
    runs: "out/bun/app.js",
    runner: "bun",
    files: 1,
  },
  {
    name: "bun build, for Node, minified",
    version: bunVersion,
    command: bun("--target=node", "--minify", "--outfile=out/bun-node/app.mjs"),
    runs: "out/bun-node/app.mjs",
    files: 1,
  },
  {
    name: "bun build --compile",
    version: bunVersion,
    command: bun("--compile", "--minify", "--outfile=out/bun-compiled/app"),
    runs: "out/bun-compiled/app",
    runner: "itself",
    files: 1,
  },
];

/** The version of a command that prints it. */
export function toolVersionOf(command: string): string {
  return /\d+\.\d+\.\d+/.exec(new TextDecoder().decode(spawnSync(command, ["--version"]).stdout))?.[0] ?? "unknown";
}

/** The result of one bundler. */
export interface Outcome {
  readonly name: string;
  readonly version: string;
  readonly built: string;
  readonly ran: string;
  /** The size of all output files in bytes. */
  readonly sizeBytes: number | undefined;
}

/** `"yes"`, or the error. It is a value, so that one bundler does not hide the results of others. */
export const YES = "yes";

/** Writes the program and the configs into a project. */
export function writeSources(project: Project): void {
  project.write("app.mjs", ESM);
  project.write("app.cjs", COMMONJS);
  project.write("vite.config.mjs", VITE);
  project.write("webpack-esm.config.cjs", WEBPACK("webpack-esm", "app.mjs"));
  project.write("webpack-cjs.config.cjs", WEBPACK("webpack-cjs", "app.cjs"));
}

/** Builds and runs the program; a warning counts as a failure. */
export function bundle(project: Project, bundler: Bundler): Outcome {
  const { name, files } = bundler;
  const [command, ...args] = bundler.command;
  let built = YES;
  let ran = "no";
  let sizeBytes: number | undefined;
  try {
    const output = project.run(command, args);
    const folder = dirname(join(project.path, bundler.runs));
    const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    sizeBytes = found.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
    if (/warn|\(!\)|unresolved/i.test(output)) built = `with a warning: ${output}`;
    else if (files !== undefined && found.length !== files) built = `${found.length} files instead of ${files}`;
    ran = run(folder, bundler);
  } catch (error) {
    if (sizeBytes === undefined) built = (error as Error).message;
    else ran = (error as Error).message;
  }
  return { name, version: bundler.version(), built, ran, sizeBytes };
}

/** Runs the output in another folder, from which no file of the project can be found. */
function run(folder: string, { runs, runner }: Bundler): string {
  const elsewhere = mkdtempSync(join(tmpdir(), "luge-bundle-"));
  try {
    cpSync(folder, elsewhere, { recursive: true });
    const program = join(elsewhere, runs.slice(runs.lastIndexOf("/") + 1));
    const nodes = [systemNode(), binary("node")].filter((path) => path !== undefined);
    const runners = runner === "bun" ? [binary("bun")] : runner === "itself" ? [program] : nodes;
    for (const [i, command] of runners.entries()) {
      const data = join(elsewhere, `data${i}`);
      const args = runner === "itself" ? [data] : [program, data];
      const { stdout, stderr } = spawnSync(command, args, { cwd: elsewhere, encoding: "utf8", timeout: 60_000 });
      if (stdout.trim() !== PRINTED || stderr !== "") return `${command}: ${stdout}${stderr}`;
      if (runner !== undefined && !hasKernelLock(data)) return "without the kernel's file lock";
    }
    return YES;
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

/** Whether the store in `data` was locked through ffi, too. A bundle must not lose that. */
function hasKernelLock(data: string): boolean {
  return readdirSync(data).some(
    (name) => /^LOCK\./.test(name) && /"kernel":true/.test(readFileSync(join(data, name), "utf8")),
  );
}
