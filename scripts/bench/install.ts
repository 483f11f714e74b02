/**
 * Builds the package of luge as it is published, and installs its peers.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPackage } from "../lib/package.ts";
import { ROOT } from "../lib/runtimes.ts";
import { MANIFESTS, PACKAGE, PEERS, SLED, SLED_TARGET } from "./places.ts";

/** Prepares everything that trials need. Keeps existing installations. */
export async function prepare(): Promise<void> {
  installPeers();
  console.log("Building the package …");
  await buildPackage(PACKAGE);
  buildSled();
}

/** Installs the peers of luge. Keeps peers that are installed already. */
export function installPeers(): void {
  const wanted = readFileSync(join(MANIFESTS, "package.json"), "utf8");
  const marker = join(PEERS, "installed");
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== wanted) {
    console.log("Installing the peers …");
    mkdirSync(PEERS, { recursive: true });
    copyFileSync(join(MANIFESTS, "package.json"), join(PEERS, "package.json"));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent"], { cwd: PEERS, stdio: "inherit" });
    writeFileSync(marker, wanted);
  }
}

/** Whether {@linkcode prepare} could build sled. */
export function hasSled(): boolean {
  return existsSync(SLED);
}

/** Builds sled for the machine, if cargo is installed. */
function buildSled(): void {
  if (hasSled()) return;
  console.log("Building sled …");
  const manifest = join(ROOT, "scripts", "bench", "native_sled", "Cargo.toml");
  const args = [
    "build",
    "--quiet",
    "--locked",
    "--release",
    `--manifest-path=${manifest}`,
    `--target-dir=${SLED_TARGET}`,
  ];
  try {
    execFileSync("cargo", args, { stdio: "inherit" });
  } catch (error) {
    console.warn(`native sled is SKIPPED, cargo could not build it: ${(error as Error).message}`);
  }
}

/** The versions of the installed peers, by package. */
export function installedVersions(): ReadonlyMap<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return new Map(Object.entries(dependencies));
}
