/**
 * What the module needs on Deno, and not one permission more: see "Security" in README.md.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type Ended, ended, start } from "../support/child.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const run = (program: string, args: readonly string[], flags: readonly string[]): Promise<Ended> =>
  ended(start("deno", join(import.meta.dirname, program), args, flags));

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

nodeTest("a directory that is not there yet is created with the permissions for it alone", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "new");
    const flags = [`--allow-read=${path}`, `--allow-write=${path}`];
    assert.equal((await run("child.ts", ["write", path, "0"], flags)).output, "written\n");
  }),
);

nodeTest("without one of the two it says which path it may not touch", () =>
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
