/**
 * Compiles the engine crate to an optimised WebAssembly module.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { editSled } from "./sled_edits.ts";
import { TARGET, type Toolchain } from "./toolchain.ts";

/** The release of sled that the edits are for. */
export const SLED_VERSION = "0.34.7";

// One by one: --all-features writes a module that Node 20 rejects.
const WASM_OPT_ARGUMENTS = [
  "-O3",
  // The stack ends there, which stands below all data: no address that is computed goes around into it.
  "--low-memory-unused",
  // Those that are called most get the shortest numbers.
  "--reorder-functions",
  "--enable-bulk-memory",
  "--enable-simd",
  "--enable-sign-ext",
  "--enable-nontrapping-float-to-int",
  "--enable-mutable-globals",
];

// memory.grow goes in steps of 64 KiB and is slow; pages that are never touched cost nothing.
const LINK_FLAGS = ["-Clink-arg=--initial-memory=16777216"];

/** Compiles `root`/engine with `toolchain`; returns the bytes of the module. */
export function compileEngine(root: string, toolchain: Toolchain): Uint8Array {
  const engine = join(root, "engine");
  const vendor = vendorCrates(engine, toolchain);
  // cargo trusts that a vendored crate never changes: what it compiled before an edit would be taken again.
  const compiled = ["clean", "--release", `--package=sled@${SLED_VERSION}`, ...targetArguments(engine)];
  run(toolchain.cargo, [...compiled, ...sourceArguments(vendor)], engine, toolchain.environment);
  run(toolchain.cargo, cargoArguments(engine, vendor, toolchain), engine, {
    ...toolchain.environment,
    CARGO_ENCODED_RUSTFLAGS: rustFlags(engine, vendor, toolchain).join("\x1f"),
  });
  const output = join(engine, "target", "wasm", TARGET, "release");
  const optimised = join(output, "luge_engine.optimised.wasm");
  run(wasmOpt(root), [...WASM_OPT_ARGUMENTS, "-o", optimised, join(output, "luge_engine.wasm")], root);
  return readFileSync(optimised);
}

/** The version of the wasm-opt that {@linkcode compileEngine} runs. */
export function wasmOptVersion(root: string): string {
  return execFileSync(wasmOpt(root), ["--version"], { encoding: "utf8" }).trim();
}

function wasmOpt(root: string): string {
  return join(root, "node_modules", ".bin", "wasm-opt");
}

function cargoArguments(engine: string, vendor: string, toolchain: Toolchain): string[] {
  return [
    // Not "build": beside the rlib that the tests link to, cargo leaves link-time optimisation out without a word.
    "rustc",
    "--release",
    "--locked",
    "--lib",
    "--crate-type=cdylib",
    ...targetArguments(engine),
    ...toolchain.cargoArguments,
    ...sourceArguments(vendor),
  ];
}

function targetArguments(engine: string): string[] {
  return [`--target=${TARGET}`, `--target-dir=${join(engine, "target", "wasm")}`];
}

/** A directory source: cargo takes its crates as they are and still checks them against Cargo.lock. */
function sourceArguments(vendor: string): string[] {
  return [
    '--config=source.crates-io.replace-with="vendor"',
    `--config=source.vendor.directory=${JSON.stringify(vendor)}`,
  ];
}

/** Paths are mapped to fixed names, so that the same source gives the same bytes in any folder. */
function rustFlags(engine: string, vendor: string, toolchain: Toolchain): string[] {
  return [
    ...toolchain.rustFlags,
    ...LINK_FLAGS,
    `--remap-path-prefix=${vendor}=/vendor`,
    `--remap-path-prefix=${engine}=/engine`,
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

/** Leaves the digest of the crate, which Cargo.lock pins, and drops those of its files, which were edited. */
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
  // cargo vendor prints a configuration for stdout that nobody needs here.
  execFileSync(command, args, { cwd, env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "inherit"] });
}
