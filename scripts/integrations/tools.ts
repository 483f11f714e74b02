/**
 * Installs the bundlers, test runners and checkers for the package, in pinned versions.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/runtimes.ts";

const MANIFESTS = join(ROOT, "tests", "package", "tools");

/** The folder of the installed tools. */
export const TOOLS: string = join(ROOT, "dist", "tools");

/** Installs the tools unless they are installed already. Takes 20 s once. */
export function installTools(): void {
  const lock = "package-lock.json";
  const wanted = readFileSync(join(MANIFESTS, lock), "utf8");
  const marker = join(TOOLS, "installed");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
  mkdirSync(TOOLS, { recursive: true });
  for (const file of ["package.json", lock]) copyFileSync(join(MANIFESTS, file), join(TOOLS, file));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
  execFileSync("npm", ["ci", ...options], { cwd: TOOLS, stdio: "inherit" });
  writeFileSync(marker, wanted);
}

/** The path of a command of one of the tools. */
export function tool(name: string): string {
  return join(TOOLS, "node_modules", ".bin", name);
}

/** The version of one of the tools. */
export function toolVersion(name: string): string {
  const manifest = readFileSync(join(TOOLS, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
