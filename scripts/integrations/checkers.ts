/**
 * Runs the checkers of packages.
 *
 * @module
 */

import { join } from "node:path";
import type { Project } from "./project.ts";
import { tool } from "./tools.ts";

/** Throws the problems that publint or @arethetypeswrong/cli find. */
export function checkPackage(project: Project): void {
  const installed = join(project.path, "node_modules", "@luge", "luge");
  const linted = project.run(tool("publint"), ["run", installed, "--strict", "--pack", "false"]);
  if (!/All good!/.test(linted)) throw new Error(linted);
  // The engine's entry point is the address of a file, and no module.
  project.run(tool("attw"), [project.tarball.path, "--exclude-entrypoints", "luge_engine.wasm", "--format", "ascii"]);
}
