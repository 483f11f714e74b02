/**
 * The examples of the documentation run, and are right in their types.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";
import { type Example, findExamples } from "./examples.ts";

/** Below the project, so that its packages are found. */
const FOLDER = join(ROOT, "dist", "documentation");

/** Writes an example as a module of its own; returns its path. */
function writeExample({ code, file }: Example, number: number): string {
  const path = join(FOLDER, `example${number}.ts`);
  const resolved = code
    .replaceAll('"@luge/luge"', '"../../mod.ts"')
    .replace(/"\.\/(\w+\.ts)"/g, (_, name: string) => `"../../${join(file, "..", name)}"`);
  writeFileSync(path, `${resolved}\nexport {};\n`);
  return path;
}

nodeTest("every example of the documentation runs", () =>
  withDirectory((directory) => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    const examples = findExamples();
    assert.ok(examples.length >= 8, `only ${examples.length} examples found`);
    const paths = examples.map(writeExample);
    execFileSync(
      binary("tsc"),
      [
        "--ignoreConfig",
        "--noEmit",
        "--strict",
        "--module",
        "NodeNext",
        "--target",
        "ES2023",
        "--allowImportingTsExtensions",
      ]
        .concat(["--lib", "ES2024,ESNext.Disposable,DOM,DOM.Iterable", "--types", "node", "--skipLibCheck"])
        .concat(paths),
      { cwd: ROOT, stdio: "inherit" },
    );
    for (const [i, { file, line, runs }] of examples.entries()) {
      if (!runs) continue;
      try {
        execFileSync(binary("node"), [paths[i] ?? ""], {
          cwd: directory,
          // Their temporary directories go with the test's.
          env: { ...process.env, TMPDIR: directory },
          encoding: "utf8",
          timeout: 60_000,
        });
      } catch (error) {
        assert.fail(`the example at ${file}:${line} failed: ${String(error)}`);
      }
    }
  }),
);
