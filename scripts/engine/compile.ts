/**
 * Compiles the engine crate to an optimised WebAssembly module.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { editSled } from "./sled_edits.ts";
import { TARGET, type Toolchain } from "./toolchain.ts";
import type { WasmPack } from "./wasm_pack.ts";

/** The release of sled that the edits are made for. */
export const SLED_VERSION = "0.34.7";

const CODE_FLAGS = [
  // memory.grow works in steps of 64 KiB and is slow. Pages that are never touched cost nothing.
  "-Clink-arg=--initial-memory=16777216",
  // LLVM's default of 225 makes the module 3 % larger, which Bun compiles at each cold start. No call becomes
  // measurably faster.
  "-Cllvm-args=-inline-threshold=100",
];

/** The output of a build. */
export interface Built {
  /** The bytes of the module. */
  readonly bytes: Uint8Array;
  /** TypeScript declarations of its exports, as wasm-bindgen reads them from the module. */
  readonly declarations: string;
}

/**
 * Compiles `root`/engine with `toolchain`. wasm-pack runs cargo, wasm-bindgen and wasm-opt; the arguments for wasm-opt
 * are in engine/wasm/Cargo.toml. The JavaScript that wasm-pack writes is not used.
 */
export function compileEngine(root: string, toolchain: Toolchain, tools: WasmPack): Built {
  const engine = join(root, "engine");
  const vendor = vendorCrates(engine, toolchain);
  // cargo assumes that a vendored crate never changes. Without this it would reuse what it compiled before an edit.
  const compiled = ["clean", "--quiet", "--release", `--package=sled@${SLED_VERSION}`, ...targetArguments(engine)];
  run(toolchain.cargo, [...compiled, ...sourceArguments(vendor)], engine, toolchain.environment);
  const output = join(engine, "target", "wasm-pack");
  rmSync(output, { recursive: true, force: true });
  run(tools.wasmPack, [...packArguments(engine, output), "--", ...cargoArguments(engine, vendor, toolchain)], engine, {
    ...toolchain.environment,
    CARGO_ENCODED_RUSTFLAGS: rustFlags(engine, vendor, toolchain).join("\x1f"),
    // wasm-opt first, then the toolchain's cargo: there may be another cargo beside wasm-bindgen.
    PATH: [binaries(root), dirname(toolchain.cargo), tools.wasmBindgenFolder, process.env.PATH].join(delimiter),
    WASM_PACK_CACHE: join(engine, "target", "wasm-pack-cache"),
  });
  return {
    bytes: readFileSync(join(output, "luge_engine_bg.wasm")),
    declarations: readFileSync(join(output, "luge_engine_bg.wasm.d.ts"), "utf8"),
  };
}

/** The version of the wasm-opt that {@linkcode compileEngine} runs. */
export function wasmOptVersion(root: string): string {
  return execFileSync(join(binaries(root), "wasm-opt"), ["--version"], { encoding: "utf8" }).trim();
}

function binaries(root: string): string {
  return join(root, "node_modules", ".bin");
}

function packArguments(engine: string, output: string): string[] {
  return [
    "--quiet",
    "build",
    join(engine, "wasm"),
    // Skips wasm-pack's check of the target, which does not know a standard library that cargo builds.
    "--mode=force",
    "--target=web",
    "--no-pack",
    "--no-gitignore",
    "--out-name=luge_engine",
    `--out-dir=${output}`,
  ];
}

function cargoArguments(engine: string, vendor: string, toolchain: Toolchain): string[] {
  return ["--locked", ...targetArguments(engine), ...toolchain.cargoArguments, ...sourceArguments(vendor)];
}

/** wasm-pack recognises the target only as a separate argument. */
function targetArguments(engine: string): string[] {
  return ["--target", TARGET, "--target-dir", join(engine, "target", "wasm")];
}

/** A directory source: cargo takes its crates as they are, and still checks them against Cargo.lock. */
function sourceArguments(vendor: string): string[] {
  return [
    '--config=source.crates-io.replace-with="vendor"',
    `--config=source.vendor.directory=${JSON.stringify(vendor)}`,
  ];
}

/** Maps paths to fixed names, so that the same source gives the same bytes in any folder. */
function rustFlags(engine: string, vendor: string, toolchain: Toolchain): string[] {
  return [
    ...toolchain.rustFlags,
    ...CODE_FLAGS,
    "--remap-path-prefix=/usr/lib/rustlib/src/rust/library=/rust",
    `--remap-path-prefix=${engine}=/engine`,
    // The last one that fits counts, and this folder is in that of the engine.
    `--remap-path-prefix=${vendor}=/vendor`,
  ];
}

/** Lets cargo copy all crates of Cargo.lock to the target folder, and edits sled there. */
function vendorCrates(engine: string, toolchain: Toolchain): string {
  const vendor = join(engine, "target", "vendor");
  rmSync(vendor, { recursive: true, force: true });
  mkdirSync(vendor, { recursive: true });
  run(toolchain.cargo, ["vendor", "--locked", "--versioned-dirs", "--quiet", vendor], engine, toolchain.environment);
  const sled = join(vendor, `sled-${SLED_VERSION}`);
  editSled(sled, join(engine, "edits"));
  forgetFileDigests(sled);
  if (toolchain.standardVendor) linkCrates(toolchain.standardVendor, vendor);
  return vendor;
}

/** Keeps the digest of the crate, which Cargo.lock pins. Removes the digests of its files, because they were edited. */
function forgetFileDigests(crate: string): void {
  const path = join(crate, ".cargo-checksum.json");
  const checksums = JSON.parse(readFileSync(path, "utf8")) as { files: Record<string, string> };
  writeFileSync(path, JSON.stringify({ ...checksums, files: {} }));
}

function linkCrates(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (!existsSync(join(to, name))) symlinkSync(join(from, name), join(to, name));
  }
}

function run(command: string, args: string[], cwd: string, environment: Readonly<Record<string, string>> = {}): void {
  // cargo vendor prints a configuration to stdout that is not needed here.
  execFileSync(command, args, { cwd, env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "inherit"] });
}
