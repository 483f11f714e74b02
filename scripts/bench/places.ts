/**
 * Where the benchmark keeps what it builds, installs and finds out.
 *
 * @module
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../lib/runtimes.ts";

const BENCH = join(ROOT, "dist", "bench");

/** The package of luge, built. */
export const PACKAGE: string = join(BENCH, "package");
/** Where the peers are installed. */
export const PEERS: string = join(BENCH, "peers");
/** The stores that are measured. On the disk of the project: a temporary directory may lie in memory. */
export const STORES: string = join(BENCH, "stores");
/** Where sled is built, and the program. */
export const SLED_TARGET: string = join(BENCH, "sled");
export const SLED: string = join(SLED_TARGET, "release", "bench_native_sled");
/** The figures of every run; those of a whole one are committed, too. */
export const LAST_FIGURES: string = join(BENCH, "figures.json");
/** What names the peers and their versions. */
export const MANIFESTS: string = join(ROOT, "scripts", "bench", "install");
/** The figures and charts that are committed. */
export const RESULTS: string = join(ROOT, "scripts", "bench", "results");

/** Imports an installed module. */
export async function installedModule<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(createRequire(join(PEERS, "package.json")).resolve(name)).href)) as T;
}

/** Loads an installed peer. */
export function peerModule<T>(name: string): T {
  return createRequire(join(PEERS, "package.json"))(name) as T;
}
