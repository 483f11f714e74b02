/**
 * The licenses of the crates that are compiled into the engine.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { TARGET } from "./toolchain.ts";

/** The file with them, relative to the root of the project. */
export const ENGINE_LICENSES: string = join("engine", "LICENSES.txt");

interface Dependency {
  readonly pkg: string;
  readonly dep_kinds: readonly { readonly kind: string | null }[];
}

interface Package {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** As SPDX has it, but for old crates, which write a slash for OR. */
  readonly license: string | null;
  readonly authors: readonly string[];
  readonly manifest_path: string;
  /** Absent for the crates of the project itself. */
  readonly source: string | null;
  readonly targets: readonly { readonly kind: readonly string[] }[];
}

interface Metadata {
  readonly packages: readonly Package[];
  readonly resolve: {
    readonly root: string;
    readonly nodes: readonly { readonly id: string; readonly deps: readonly Dependency[] }[];
  };
}

/** These come with the compiler, and are in no lock file. */
const WITH_COMPILER = [
  "Rust's standard library, as of the compiler in engine/luge_engine.build.json: MIT OR Apache-2.0, https://github.com/rust-lang/rust",
  "wasi-libc: Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT, https://github.com/WebAssembly/wasi-libc",
];

/** The text of the file: each crate of the locked dependencies with its SPDX expression and a license. Needs cargo. */
export function engineLicenses(root: string, cargo = "cargo"): string {
  const crates = linkedCrates(metadataOf(root, cargo)).map(({ name, version, license, authors, manifest_path }) => {
    if (license === null) throw new Error(`The crate '${name}' names no license`);
    const by = authors.length === 0 ? "" : `Authors: ${authors.join(", ")}\n`;
    const text = textOf(dirname(manifest_path)) ?? "The crate has no file with its license.";
    return `${name} ${version}\n\nSPDX: ${license.replace("/", " OR ")}\n${by}\n${text}\n`;
  });
  return [`${WITH_COMPILER.join("\n")}\n`, ...crates].join("\n----\n\n");
}

function metadataOf(root: string, cargo: string): Metadata {
  const manifest = join(root, "engine", "wasm", "Cargo.toml");
  const args = [
    "metadata",
    "--locked",
    "--format-version=1",
    `--filter-platform=${TARGET}`,
    `--manifest-path=${manifest}`,
  ];
  return JSON.parse(execFileSync(cargo, args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })) as Metadata;
}

/** The crates whose code may be in the engine: no tools of the build, no macros, nothing for tests. */
function linkedCrates({ packages, resolve }: Metadata): Package[] {
  const [byId, nodes] = [
    new Map(packages.map((each) => [each.id, each])),
    new Map(resolve.nodes.map((node) => [node.id, node])),
  ];
  const found = new Set<string>();
  const waiting = [resolve.root];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const isMacro = byId.get(id)?.targets.some(({ kind }) => kind.includes("proc-macro"));
    if (found.has(id) || isMacro) continue;
    found.add(id);
    for (const { pkg, dep_kinds } of nodes.get(id)?.deps ?? []) {
      if (dep_kinds.some(({ kind }) => kind === null)) waiting.push(pkg);
    }
  }
  const crates = [...found].flatMap((id) => byId.get(id) ?? []).filter(({ source }) => source !== null);
  return crates.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The license of a crate: that of MIT if it has several; `undefined` if it has no file. */
function textOf(folder: string): string | undefined {
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|copying|unlicense)/i.test(file));
  const file = files.find((each) => /mit/i.test(each)) ?? files.find((each) => !/apache/i.test(each)) ?? files[0];
  return file === undefined ? undefined : readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
}
