/**
 * The permissions that the module needs on Deno, and no others: see docs/guide/14-permissions.md.
 */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { ROOT, RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { type Ended, ended, start } from "../support/child.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const run = (program: string, args: readonly string[], flags: readonly string[]): Promise<Ended> =>
  ended(start("deno", join(import.meta.dirname, program), args, { denoFlags: flags }));

nodeTest("reading and writing the data directory is enough", () =>
  withDirectory(async (path) => {
    const flags = [`--allow-read=${path}`, `--allow-write=${path}`];
    for (const generation of ["0", "1"]) {
      const { code, output } = await run("child.ts", ["write", path, generation], flags);
      assert.equal(output, "written\n");
      assert.equal(code, 0);
    }
    assert.equal((await run("child.ts", ["check", path, "1"], flags)).output, "checked\n");
  }),
);

nodeTest("a missing directory is created with permissions for that directory alone", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "new");
    const flags = [`--allow-read=${path}`, `--allow-write=${path}`];
    assert.equal((await run("child.ts", ["write", path, "0"], flags)).output, "written\n");
  }),
);

nodeTest("without one of the two the error names the path", () =>
  withDirectory(async (path) => {
    for (const flag of [`--allow-read=${path}`, `--allow-write=${path}`]) {
      const { output } = await run("child.ts", ["write", path, "0"], [flag]);
      assert.match(output, /^PATH_UNAVAILABLE Cannot \w+ '.*access to/, `with ${flag} only`);
      assert.ok(output.includes(path), output);
    }
  }),
);

nodeTest("importing the module and using a MemoryStore needs no permission", async () => {
  const { code, output } = await run("memory_only.ts", [], []);
  assert.equal(output, "value\n");
  assert.equal(code, 0);
});

/** Root may write anywhere. If the tests run as root, the children run as nobody. */
const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;

/** Whether every user may enter `path` and all directories above it. */
function isOpenToAll(path: string): boolean {
  return (statSync(path).mode & 0o5) === 0o5 && (dirname(path) === path || isOpenToAll(dirname(path)));
}

nodeTest(
  "a directory that the user may not write to is refused on every runtime, and stays as it is",
  async (context) => {
    if (IS_ROOT && !isOpenToAll(ROOT)) {
      context.skip("nobody else may read this checkout");
      return;
    }
    await withDirectory(async (directory) => {
      const path = join(directory, "protected");
      const denoDirectory = join(directory, "deno");
      for (const each of [path, denoDirectory]) mkdirSync(each);
      chmodSync(directory, 0o755);
      chmodSync(path, 0o555);
      chmodSync(denoDirectory, 0o777);
      const user = IS_ROOT ? { uid: NOBODY } : {};
      for (const runtime of RUNTIMES) {
        for (const target of [path, join(path, "new")]) {
          const options = { ...user, env: { DENO_DIR: denoDirectory } };
          const { output } = await ended(
            start(runtime, join(import.meta.dirname, "child.ts"), ["write", target, "0"], options),
          );
          assert.match(output, /^PATH_UNAVAILABLE Cannot \w+ '.*'(?:.*EACCES|.*[Pp]ermission denied)/, runtime);
        }
      }
      assert.deepEqual(readdirSync(path), []);
    });
  },
);
