/**
 * Processes with restrictions: what works in them, and their errors. See docs/guide/14-permissions.md.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { buildPrograms } from "../../scripts/lib/package/programs.ts";
import { binary } from "../../scripts/lib/runtimes.ts";
import { systemNode } from "../../scripts/lib/system_node.ts";
import { fileSystemError } from "../../src/fs/filesystem.ts";
import { storeError } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const PROGRAM = `
import { MemoryStore, open } from "./mod.js";
const [path, mode] = process.argv.slice(2);
try {
  if (mode === "memory") {
    const store = new MemoryStore();
    await store.put("key", "value");
    await store.close();
  } else {
    const store = await open({ path, readOnly: mode === "read" });
    if (mode === "read") await store.get("key");
    else await store.put("key", "value");
    await store.close();
  }
  console.log("done");
} catch (error) {
  console.log(error.name, error.code, error.message);
}
`;

/** Calls `use` with a function that runs the program on a store in `data`, on Node with some flags. */
function withProgram(use: (run: Run, data: string, programs: string) => void): Promise<void> {
  return withDirectory(async (directory) => {
    const programs = join(realpathSync(directory), "programs");
    mkdirSync(programs);
    await buildPrograms(programs);
    writeFileSync(join(programs, "program.mjs"), PROGRAM);
    const run: Run = (flags, mode, { node = binary("node"), limit } = {}) => {
      const args = [...flags, join(programs, "program.mjs"), data, mode];
      const { stdout, stderr } =
        limit === undefined
          ? spawnSync(node, args, { encoding: "utf8" })
          : spawnSync("sh", ["-c", `ulimit -v ${limit}; exec "$@"`, "sh", node, ...args], { encoding: "utf8" });
      return stdout || stderr;
    };
    const data = join(realpathSync(directory), "data");
    use(run, data, programs);
  });
}

type Run = (
  flags: readonly string[],
  mode: "read" | "write" | "memory",
  options?: { readonly node?: string; readonly limit?: number },
) => string;

nodeTest("`node --permission` forbids fsync: a store says so and creates nothing; reading and MemoryStore work", () =>
  withProgram((run, data, programs) => {
    const all = ["--permission", "--allow-fs-read=*", "--allow-fs-write=*"];
    assert.match(
      run(all, "write"),
      /^StoreError PATH_UNAVAILABLE Cannot open '.*data': Node's permission model forbids fsync, .* readOnly/,
    );
    assert.ok(!existsSync(data));
    const module = ["--permission", `--allow-fs-read=${programs}`];
    assert.equal(run(module, "memory"), "done\n");
    assert.equal(run([], "write"), "done\n");
    assert.match(run(all, "write"), /^StoreError PATH_UNAVAILABLE Cannot lock '.*data': .* forbids fsync/);
    assert.equal(run([...module, `--allow-fs-read=${data}`], "read"), "done\n");
    assert.match(
      run(module, "read"),
      /PATH_UNAVAILABLE .* forbids to read '.*data.*': .*--allow-fs-read=<the directory>/,
    );
  }),
);

nodeTest("without WebAssembly, as with --jitless, the engine is unavailable and a MemoryStore works", () =>
  withProgram((run, data) => {
    assert.match(run(["--jitless"], "write"), /^StoreError ENGINE_UNAVAILABLE .*no WebAssembly.*--jitless/);
    assert.ok(!existsSync(data));
    assert.equal(run(["--jitless"], "memory"), "done\n");
  }),
);

nodeTest("a limit on addresses that refuses the engine's memory is named, with a workaround", () =>
  withProgram((run) => {
    for (const node of [systemNode(), binary("node")].filter((path) => path !== undefined)) {
      // Whether 6 GB are too few depends on the release.
      assert.match(
        run([], "write", { node, limit: 6_000_000 }),
        /^done$|ENGINE_UNAVAILABLE .*ulimit -v.*trap-handler/m,
      );
    }
  }),
);

test("a read-only file system: the error says how to open an existing store", async () => {
  class ReadOnly extends MemoryFileSystem {
    override lock(directory: string): never {
      throw fileSystemError("EROFS", "open", `${directory}/LOCK`);
    }
  }
  await assert.rejects(
    open({ path: "/data", fileSystem: new ReadOnly() }),
    storeError("PATH_UNAVAILABLE", /EROFS.*; a store that is there can be opened with readOnly$/),
  );
});
