/**
 * Runs the test suite with another build of the engine, in a copy of the project.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const LEFT_OUT = new Set(["node_modules", ".git", "dist", "target"]);

/** Copies the project at `root`, puts the artefact into the copy, and runs all tests there. Throws if they fail. */
export function testWithArtefact(root: string, bytes: Uint8Array, module: string): void {
  const copy = mkdtempSync(join(tmpdir(), "luge-artefact-"));
  try {
    const filter = (source: string) =>
      !relative(root, source)
        .split("/")
        .some((name) => LEFT_OUT.has(name));
    cpSync(root, copy, { recursive: true, filter });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    writeFileSync(join(copy, "engine", "luge_engine.wasm"), bytes);
    writeFileSync(join(copy, "src", "wasm", "artefact.ts"), module);
    execFileSync(process.execPath, ["scripts/test.ts"], { cwd: copy, stdio: "inherit" });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
