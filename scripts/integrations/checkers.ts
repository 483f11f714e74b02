/**
 * Runs the checkers of packages.
 *
 * @module
 */

import { join } from "node:path";
import type { Project } from "./project.ts";
import { tool } from "./tools.ts";

/** Throws what publint or @arethetypeswrong/cli finds wrong. */
export function checkPackage(project: Project): void {
  const installed = join(project.path, "node_modules", "@luge", "luge");
  const linted = project.run(tool("publint"), ["run", installed, "--strict", "--pack", "false"]);
  if (!/All good!/.test(linted)) throw new Error(linted);
  // The engine alone is an address of a file, and no module.
  project.run(tool("attw"), [project.tarball.path, "--exclude-entrypoints", "luge_engine.wasm", "--format", "ascii"]);
}
