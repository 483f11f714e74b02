/**
 * The machine of a run, and the versions that the run compared.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { launcher, ROOT, RUNTIMES } from "../lib/runtimes.ts";
import { installedVersions } from "./install.ts";

/** The facts that a reader needs to judge the figures. */
export interface Environment {
  readonly date: string;
  readonly machine: string;
  /** Versions by name: of the runtimes, luge and the peers. */
  readonly versions: Readonly<Record<string, string>>;
  /** The engine's bytes, as they are and compressed with brotli. */
  readonly artefact: { readonly bytes: number; readonly brotliBytes: number };
}

/** Describes this machine. */
export function environment(): Environment {
  const artefact = readFileSync(join(ROOT, "engine", "luge_engine.wasm"));
  const processor = cpus()[0]?.model ?? "unknown processor";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB of memory`;
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const runtimes = RUNTIMES.map((runtime) => [runtime, versionOf(launcher(runtime, [])[0])]);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${processor}, ${availableParallelism()} cores, ${memory}, ${platform()} ${arch()}`,
    artefact: { bytes: artefact.length, brotliBytes: brotliCompressSync(artefact).length },
    versions: { luge: version, ...Object.fromEntries(runtimes), ...Object.fromEntries(installedVersions()) },
  };
}

function versionOf(command: string): string {
  const output = execFileSync(command, ["--version"], { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(output)?.[0] ?? output.trim();
}
