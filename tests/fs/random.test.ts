/**
 * Random bytes come from the operating system, and an open loads nothing for them.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fillRandom, randomName } from "../../src/fs/random.ts";
import { nodeTest } from "../support/node_only.ts";

const ROOT = new URL("../../", import.meta.url);

test("every part of a large buffer is random, and no name repeats", () => {
  const bytes = new Uint8Array(200_000);
  fillRandom(bytes);
  for (let at = 0; at < bytes.length; at += 1000) {
    const different = new Set(bytes.subarray(at, at + 1000));
    assert.ok(different.size > 200, `${different.size} different bytes of 1,000 from ${at} on`);
  }
  const names = Array.from({ length: 100 }, randomName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[0-9a-f]{32}$/);
});

/** Runs a program on Node. Returns its output. */
function run(program: string, ...flags: string[]): string {
  const args = [...flags, "--no-warnings", "--input-type=module-typescript", "--eval", program];
  return execFileSync(process.execPath, args, { encoding: "utf8" }).trim();
}

nodeTest("a process that may not read the device has random bytes, too", () => {
  const program = `
    import { randomName } from "${new URL("src/fs/random.ts", ROOT)}";
    import { existsSync, openSync } from "node:fs";
    let denied = false;
    try { openSync("/dev/urandom", "r"); } catch (error) { denied = error.code === "ERR_ACCESS_DENIED"; }
    console.log(denied, randomName().length);`;
  assert.equal(run(program, "--permission", `--allow-fs-read=${fileURLToPath(ROOT)}`), "true 32");
});

nodeTest("opening a store and reading from it loads no cryptography", () => {
  const program = `
    import { open } from "${new URL("mod.ts", ROOT)}";
    import { mkdtempSync, rmSync } from "node:fs";
    import { tmpdir } from "node:os";
    const path = mkdtempSync(tmpdir() + "/luge-test-");
    await (await open(path)).close();
    const store = await open(path);
    store.getSync("key");
    console.log(process.moduleLoadList.filter((name) => /crypto/.test(name)).join());
    await store.close();
    rmSync(path, { recursive: true });`;
  assert.equal(run(program), "");
});
