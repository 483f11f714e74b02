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

/** An import of another file of this project. */
const IMPORT = /((?:from|import\()\s*"\.[^"]+)\.ts"/g;

/**
 * Writes `mod.d.ts` and `mod.d.cts`, and the files that they need, into `directory`. The ending of a file tells
 * TypeScript its module format, so each form has its own files.
 */
export function writeDeclarations(directory: string): void {
  const all = mkdtempSync(join(tmpdir(), "luge-declarations-"));
  try {
    const options = ["-p", "tsconfig.build.json", "--outDir", all];
    execFileSync(binary("tsc"), options, { cwd: ROOT, stdio: "inherit" });
    for (const file of reachable(all, "mod.ts")) {
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

/** The sources whose declarations a file needs, beginning with itself. Other sources are only in the bundled code. */
function reachable(folder: string, first: string): Set<string> {
  const found = new Set([first]);
  for (const file of found) {
    const text = readFileSync(join(folder, file.replace(/\.ts$/, ".d.ts")), "utf8");
    for (const [imported] of text.matchAll(IMPORT)) {
      found.add(join(dirname(file), `${imported.slice(imported.indexOf('"') + 1, -1)}`));
    }
  }
  return found;
}
