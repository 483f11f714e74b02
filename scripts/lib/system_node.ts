/**
 * The machine's own Node, besides the one of the project.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** The path of a Node outside the project, on most machines the oldest supported release; `undefined` without one. */
export function systemNode(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, "node")).find(existsSync);
}
