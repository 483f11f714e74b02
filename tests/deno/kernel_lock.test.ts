/**
 * The directory lock on Deno: an `flock` that the system releases when its owner dies.
 */

import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { TextLineStream } from "@std/streams";
import { open, StoreError } from "../../mod.ts";
import { withDirectory } from "../support/temporary.ts";

const CHILD = fromFileUrl(import.meta.resolve("./owner.ts"));

/** Whether the lock of a directory is held. */
function isLocked(directory: string): boolean {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => name.startsWith("LOCK."));
  assertEquals(names.length, 1, names.join());
  using file = Deno.openSync(join(directory, names[0] ?? ""), { read: true });
  return !file.tryLockSync(false);
}

/** Starts a process that opens the store, puts its number, and waits. */
async function startOwner(path: string): Promise<Deno.ChildProcess> {
  const flags = [`--allow-read=${path}`, `--allow-write=${path}`];
  const args = ["run", "--no-check", "--no-prompt", ...flags, CHILD, path];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (line === "open") return child;
  }
  throw new Error("the owner ended");
}

Deno.test("the kernel's lock is held as long as the store is open", () =>
  withDirectory(async (path) => {
    {
      await using _ = await open(path);
      assert(isLocked(path));
      assertEquals((await assertRejects(() => open(path), StoreError)).code, "STORE_LOCKED");
    }
    await using again = await open(path);
    assertEquals(await again.count(), 0);
  }));

Deno.test("a store of another process is locked, and free as soon as that process is killed", () =>
  withDirectory(async (path) => {
    const owner = await startOwner(path);
    try {
      assert(isLocked(path));
      const error = await assertRejects(() => open(path), StoreError, `${owner.pid}`);
      assertEquals(error.code, "STORE_LOCKED");
    } finally {
      owner.kill("SIGKILL");
      await owner.status;
    }
    assertFalse(isLocked(path));
    await using store = await open(path);
    assertEquals(new TextDecoder().decode(await store.get("owner")), `${owner.pid}`);
  }));
