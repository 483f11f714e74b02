/**
 * Two Rust compilers for wasm32-wasip1 are supported: a target installed by rustup, and Debian's packages, which
 * contain the standard library as source.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** How to run cargo for WebAssembly. */
export interface Toolchain {
  readonly name: "rustup" | "debian";
  readonly cargo: string;
  /** The first line of `rustc --version`. */
  readonly rustc: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly cargoArguments: readonly string[];
  readonly rustFlags: readonly string[];
  /** The crates that the standard library needs, if cargo has to build it. */
  readonly standardVendor: string | undefined;
}

/** The target triple. */
export const TARGET = "wasm32-wasip1";

const DEBIAN_RUSTC = "/usr/bin/rustc";
const DEBIAN_CARGO = "/usr/bin/cargo";
const DEBIAN_LINKER = "/usr/bin/wasm-ld-22";
const DEBIAN_LIBC = "/usr/lib/wasm32-wasi";
const DEBIAN_VENDOR = "/usr/lib/rustlib/src/rust/library/vendor";

/** The toolchain to use: `preferred`, or else rustup's if it has the target, or else Debian's. */
export function findToolchain(preferred?: string): Toolchain {
  const candidates = [rustup, debian].map((find) => find()).filter((found) => found !== undefined);
  const found = candidates.find(({ name }) => preferred === undefined || name === preferred);
  if (found) return found;
  throw new Error(
    `No ${preferred ?? ""} Rust toolchain for ${TARGET}. Either run 'rustup target add ${TARGET}', or on Debian ` +
      "'apt-get install rustc-web cargo-web rust-web-src lld-22 wasi-libc'",
  );
}

function rustup(): Toolchain | undefined {
  const libraries = output("rustc", ["--print", "target-libdir", "--target", TARGET]);
  if (libraries === undefined || !existsSync(libraries)) return undefined;
  return {
    name: "rustup",
    // Its folder becomes part of the PATH.
    cargo: output("rustup", ["which", "cargo"]) ?? "cargo",
    rustc: output("rustc", ["--version"]) ?? "unknown",
    environment: {},
    cargoArguments: [],
    rustFlags: [],
    standardVendor: undefined,
  };
}

function debian(): Toolchain | undefined {
  if (![DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LINKER, DEBIAN_LIBC, DEBIAN_VENDOR].every(existsSync)) return undefined;
  return {
    name: "debian",
    cargo: DEBIAN_CARGO,
    rustc: output(DEBIAN_RUSTC, ["--version"]) ?? "unknown",
    // -Zbuild-std is unstable. RUSTC_BOOTSTRAP makes a stable compiler accept it.
    environment: { RUSTC: DEBIAN_RUSTC, RUSTC_BOOTSTRAP: "1" },
    // Without default features: the code that prints backtraces takes a tenth of the artefact.
    cargoArguments: ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"],
    rustFlags: [
      // A panic names its file and says what was wrong, but not the line. So panics of a file that say the same are one:
      // the module is 3 KB smaller with brotli. A stable compiler has no such flag.
      "-Zlocation-detail=file",
      "-Clink-self-contained=no",
      `-Clinker=${DEBIAN_LINKER}`,
      `-Lnative=${DEBIAN_LIBC}`,
      `-Clink-arg=${DEBIAN_LIBC}/crt1-reactor.o`,
      "-Clink-arg=--export=_initialize",
    ],
    standardVendor: DEBIAN_VENDOR,
  };
}

function output(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined; // Not installed, or without the target. The other toolchain may work.
  }
}
