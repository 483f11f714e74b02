/**
 * Finds or installs wasm-pack, which drives the build of the engine, and the wasm-bindgen that it calls. Both must have
 * exactly the versions that the artefact was built with.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";

/** A program that `cargo install` installs. */
interface Tool {
  readonly name: string;
  readonly version: string;
  readonly install: readonly string[];
}

/** The release of wasm-pack that builds the engine. */
export const WASM_PACK_VERSION = "0.15.1";
/** Cargo.lock names the same release, because wasm-pack needs equal versions. */
export const WASM_BINDGEN_VERSION = "0.2.130";

const TOOLS: readonly Tool[] = [
  { name: "wasm-pack", version: WASM_PACK_VERSION, install: ["wasm-pack", "--locked"] },
  {
    name: "wasm-bindgen",
    version: WASM_BINDGEN_VERSION,
    install: ["wasm-bindgen-cli", "--no-default-features", "--bin=wasm-bindgen"],
  },
];

/** The programs that a build runs, as paths or as names in the `PATH`. */
export interface WasmPack {
  readonly wasmPack: string;
  /** The folder of `wasm-bindgen`, to add to the `PATH`. */
  readonly wasmBindgenFolder: string;
}

/**
 * Finds both programs in the `PATH` or below `folder`. If a version differs, cargo compiles the right one into
 * `folder`, which takes some two minutes for each.
 */
export function findWasmPack(folder: string): WasmPack {
  const [wasmPack = "", wasmBindgen = ""] = TOOLS.map((tool) => find(tool, folder) ?? install(tool, folder));
  return { wasmPack, wasmBindgenFolder: dirname(wasmBindgen) };
}

function find({ name, version }: Tool, folder: string): string | undefined {
  const folders = [join(folder, "bin"), ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((place) => join(place, name)).find((path) => versionOf(path) === `${name} ${version}`);
}

function versionOf(path: string): string | undefined {
  try {
    return execFileSync(path, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined; // Not installed.
  }
}

function install({ name, version, install }: Tool, folder: string): string {
  console.log(`Installing ${name} ${version}`);
  execFileSync("cargo", ["install", "--quiet", ...install, `--version=${version}`, `--root=${folder}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return join(folder, "bin", name);
}
