/**
 * Writes the type declarations of the package, for both forms of the module.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { binary, ROOT } from "../runtimes.ts";
import { EXPORTS } from "./exports.ts";

/**
 * Bytes in a buffer of their own, for releases before and after 5.7. There `Uint8Array` became generic, and the result of
 * `slice` a `Uint8Array<ArrayBuffer>`. Editors show this type, and not how it is spelled.
 */
const OWN_BYTES = ["Uint8Array<ArrayBuffer>", 'ReturnType<Uint8Array["slice"]>'] as const;

/** The file that declares {@linkcode GLOBALS}, beside the declarations. */
const GLOBALS_FILE = "src/globals.d.ts";

/**
 * Types of all runtimes that the declarations use, and that `lib: ["ES2022"]` does not have. An empty interface adds
 * nothing to the one of the DOM library or of the types of a runtime. The symbols are the same as those of
 * `lib: ["ESNext.Disposable"]`.
 */
const GLOBALS = `interface AbortSignal {}
interface ReadableStream<R = any> {}
interface Request {}
interface Response {}
interface URL {}
declare namespace WebAssembly {
  interface Memory {}
  interface Module {}
}
interface SymbolConstructor {
  readonly dispose: unique symbol;
  readonly asyncDispose: unique symbol;
}
interface Disposable {
  [Symbol.dispose](): void;
}
interface AsyncDisposable {
  [Symbol.asyncDispose](): PromiseLike<void>;
}
`;

/** A use of one of these types. */
const USES_GLOBAL = /\b(?:AbortSignal|ReadableStream|Request|Response|URL|WebAssembly|Disposable|AsyncDisposable)\b/;

/** A comment. */
const COMMENT = /\/\*[\s\S]*?\*\//g;

/** An import of another file of this project. */
const IMPORT = /((?:from|import\()\s*"\.[^"]+)\.ts"/g;

/**
 * Writes `mod.d.ts` and `mod.d.cts`, those of the other exports, and the files that they need, into `directory`. The ending
 * of a file tells TypeScript its module format, so each form has its own files.
 */
export function writeDeclarations(directory: string): void {
  const all = mkdtempSync(join(tmpdir(), "luge-declarations-"));
  try {
    const options = ["-p", "tsconfig.build.json", "--outDir", all];
    execFileSync(binary("tsc"), options, { cwd: ROOT, stdio: "inherit" });
    for (const file of reachable(all, ["mod.ts", ...Object.values(EXPORTS)])) {
      const text = withGlobals(readFileSync(join(all, file.replace(/\.ts$/, ".d.ts")), "utf8"), file);
      for (const [kind, extension] of [
        [".d.ts", ".js"],
        [".d.cts", ".cjs"],
      ] as const) {
        const target = join(directory, file.replace(/\.ts$/, kind));
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, text.replace(IMPORT, `$1${extension}"`).replaceAll(...OWN_BYTES));
      }
    }
    writeFileSync(join(directory, GLOBALS_FILE), GLOBALS);
  } finally {
    rmSync(all, { recursive: true });
  }
}

/** The declarations of a file, with a reference to the global types if it uses one. */
function withGlobals(text: string, file: string): string {
  if (!USES_GLOBAL.test(text.replace(COMMENT, ""))) return text;
  return `/// <reference path="./${relative(dirname(file), GLOBALS_FILE)}" />\n${text}`;
}

/** The sources whose declarations some files need, beginning with these. Other sources are only in the bundled code. */
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
