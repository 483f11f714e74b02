/**
 * A program for `platforms.test.ts`: uses a store as luge would on another system. Only luge's own choices are those of
 * the other system; its calls reach this one.
 *
 * other_platform.ts PLATFORM ACTION DIRECTORY
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import process from "node:process";

const [platform = "", action = "", directory = ""] = process.argv.slice(2);
Object.defineProperty(process, "platform", { value: platform });
assert.equal(globalThis.process.platform, platform);

// After that: the module looks at the platform when it is loaded.
const { destroy, open, StoreError } = await import("../../mod.ts");
const { kernelLock } = await import("../../src/fs/kernel_lock.ts");
const { WindowsFileSystem } = await import("../support/windows_file_system.ts");

async function code(call: Promise<unknown>): Promise<string> {
  const error = await call.catch((error: unknown) => error);
  return error instanceof StoreError ? `${error.code}: ${error.message}` : String(error);
}

async function live(): Promise<void> {
  const store = await open(directory);
  await store.batch(Array.from({ length: 500 }, (_, i) => ({ type: "put", key: `key/${i}`, value: `${i}` })));
  assert.match(await code(open(directory)), /^STORE_LOCKED: .*locked by this process/);
  await store.compact();
  await store.fork(`${directory}-fork`);
  await store.close();
  const again = await open(directory);
  assert.equal(await again.count({ prefix: "key/" }), 500);
  assert.deepEqual((await again.verify()).damages, []);
  await again.close();
  const fork = await open(`${directory}-fork`);
  assert.equal(await fork.count({ prefix: "key/" }), 500);
  await fork.close();
  assert.equal(await destroy(`${directory}-fork`), true);
  assert.equal(existsSync(`${directory}-fork`), false);
}

async function hold(): Promise<void> {
  const store = await open(directory);
  await store.put("held", "value");
  console.log("ready");
  // Until the test kills the process.
  for await (const _ of store.watch({})) void _;
}

/** While another process holds the directory, and after that was killed. */
async function take(): Promise<void> {
  const store = await open(directory);
  assert.equal(new TextDecoder().decode(await store.get("held")), "value");
  await store.close();
}

/** Nobody can rename a directory on Windows in which a file is open, such as its lock. */
async function destroyOnWindows(): Promise<void> {
  const fileSystem = new WindowsFileSystem();
  await (await open({ path: "/data", fileSystem })).close();
  assert.equal(await destroy("/data", { fileSystem }), true);
  assert.deepEqual(fileSystem.refused, []);
  const other = await open({ path: "/data", fileSystem });
  assert.match(await code(destroy("/data", { fileSystem })), /^STORE_LOCKED/);
  await other.close();
}

mkdirSync(directory, { recursive: true });
switch (action) {
  case "live":
    await live();
    break;
  case "destroy":
    assert.equal(kernelLock(), undefined);
    await destroyOnWindows();
    break;
  case "hold":
    await hold();
    break;
  case "take":
    await take();
    break;
  case "refused":
    console.log(await code(open(directory)));
    break;
  case "shared":
    console.log(await code(open({ path: directory, shared: true })));
    break;
  default:
    throw new RangeError(`Unknown action '${action}'`);
}
console.log("done");
process.exit(0);
