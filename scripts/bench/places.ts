/**
 * The paths of the builds, installations and results of the benchmark.
 *
 * @module
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../lib/runtimes.ts";

const BENCH = join(ROOT, "dist", "bench");

/** The built package of luge. */
export const PACKAGE: string = join(BENCH, "package");
/** Where the peers are installed. */
export const PEERS: string = join(BENCH, "peers");
/** The stores that are measured. On the disk of the project: a temporary directory may lie in memory. */
export const STORES: string = join(BENCH, "stores");
/** The build directory of sled and the program. */
export const SLED_TARGET: string = join(BENCH, "sled");
export const SLED: string = join(SLED_TARGET, "release", "bench_native_sled");
/** The figures of the last run. Those of a full run are also committed. */
export const LAST_FIGURES: string = join(BENCH, "figures.json");
/** The manifests with the peers and their versions. */
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
