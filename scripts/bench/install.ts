/**
 * Builds the package of luge as it is published, and installs its peers.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildPackage } from "../lib/package.ts";
import { MANIFESTS, PACKAGE, PEERS } from "./places.ts";

/** Prepares everything that trials need; what is installed already is kept. */
export async function prepare(): Promise<void> {
  const wanted = readFileSync(join(MANIFESTS, "package.json"), "utf8");
  const marker = join(PEERS, "installed");
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== wanted) {
    console.log("Installing the peers …");
    mkdirSync(PEERS, { recursive: true });
    copyFileSync(join(MANIFESTS, "package.json"), join(PEERS, "package.json"));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--silent"], { cwd: PEERS, stdio: "inherit" });
    writeFileSync(marker, wanted);
  }
  console.log("Building the package …");
  await buildPackage(PACKAGE);
}

/** The versions of the installed peers, by package. */
export function installedVersions(): ReadonlyMap<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return new Map(Object.entries(dependencies));
}
