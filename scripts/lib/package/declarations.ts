/**
 * Writes the type declarations of the package, for both forms of the module.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { binary, ROOT } from "../runtimes.ts";
import { EXPORTS } from "./exports.ts";

/** An import of another file of ours. */
const IMPORT = /((?:from|import\()\s*"\.[^"]+)\.ts"/g;

/**
 * Writes `mod.d.ts` and `mod.d.cts`, and those of the other exports, with the files that they need into `directory`. TypeScript takes a file for the form that
 * its ending says, so that each form has files of its own.
 */
export function writeDeclarations(directory: string): void {
  const all = mkdtempSync(join(tmpdir(), "luge-declarations-"));
  try {
    const options = ["-p", "tsconfig.build.json", "--outDir", all];
    execFileSync(binary("tsc"), options, { cwd: ROOT, stdio: "inherit" });
    for (const file of reachable(all, ["mod.ts", ...Object.values(EXPORTS)])) {
      const text = readFileSync(join(all, file.replace(/\.ts$/, ".d.ts")), "utf8");
      for (const [kind, extension] of [
        [".d.ts", ".js"],
        [".d.cts", ".cjs"],
      ] as const) {
        const target = join(directory, file.replace(/\.ts$/, kind));
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, text.replace(IMPORT, `$1${extension}"`));
      }
    }
  } finally {
    rmSync(all, { recursive: true });
  }
}

/** The sources whose declarations files need, themselves first; the others are for the bundled code alone. */
function reachable(folder: string, first: readonly string[]): Set<string> {
  const found = new Set(first);
  for (const file of found) {
    const text = readFileSync(join(folder, file.replace(/\.ts$/, ".d.ts")), "utf8");
    for (const [imported] of text.matchAll(IMPORT)) {
      found.add(join(dirname(file), `${imported.slice(imported.indexOf('"') + 1, -1)}`));
    }
  }
  return found;
}
