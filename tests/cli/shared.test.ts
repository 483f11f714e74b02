/**
 * Commands on a store that other processes share.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryStore, open, type SharedStore } from "../../mod.ts";
import { ExitCode } from "../../src/cli/exit_codes.ts";
import { printed } from "../support/child.ts";
import { runHere } from "../support/command.ts";
import { text } from "../support/expect.ts";
import { endOf, exitCodeOf, publishedCommand } from "../support/luge.ts";
import { withDirectory } from "../support/temporary.ts";

async function withShared(use: (store: SharedStore, path: string, cwd: string) => Promise<void>): Promise<void> {
  await withDirectory(async (cwd) => {
    const path = join(cwd, "shop");
    await using store = await open({ path, shared: true });
    await use(store, path, cwd);
  });
}

async function outputOf(...words: string[]): Promise<string> {
  const { code, output, errors } = await runHere(words);
  assert.deepEqual([code, errors], [0, ""], words.join(" "));
  return output;
}

describe("on a store that is shared, a command", () => {
  const luge = publishedCommand();

  test("reads and writes", () =>
    withShared(async (store, path, cwd) => {
      await outputOf("put", path, "user/ada", "Lovelace");
      assert.equal(text(await store.get("user/ada")), "Lovelace");
      await store.put("user/grace", "Hopper");
      assert.equal(await outputOf("get", path, "user/grace", "--values", "hex"), "486f70706572\n");
      assert.equal(await outputOf("scan", path, "user/", "--reverse", "--keys-only"), "user/grace\nuser/ada\n");
      assert.equal(await outputOf("count", path), "2\n");
      assert.equal((await outputOf("versions", path, "user/ada")).split("\n").length, 2);
      assert.match(await outputOf("stats", path), /shop: 2 entries, version /);
      assert.match(await outputOf("verify", path), /no damage/);
      await outputOf("compact", path);
      await outputOf("delete", path, "user/ada");
      assert.equal(await store.count(), 1);
      const child = await endOf(luge.start(["get", "shop", "user/grace", "--json"], cwd));
      assert.deepEqual([child.code, child.errors], [0, ""]);
      assert.match(child.output, /"value":"Hopper"/);
      assert.equal(store.role, "owner");
    }));

  test("watches what comes", () =>
    withShared(async (store, path) => {
      const watching = outputOf("watch", path, "a", "--limit", "1", "--since", String(store.version));
      await store.put("b", "");
      await store.put("a", "1");
      assert.match(await watching, /^\d+\tput\ta\t1\n$/);
    }));

  test("backs up, without the records of requests", () =>
    withShared(async (store, path, cwd) => {
      await outputOf("put", path, "a", "1");
      await outputOf("backup", path, "--output", join(cwd, "shop.backup"));
      await store.close();
      await outputOf("restore", join(cwd, "copy"), join(cwd, "shop.backup"));
      await using copy = await open(join(cwd, "copy"));
      assert.deepEqual(copy.scanSync(""), new Map([["a", Uint8Array.of(49)]]));
      const memory = new MemoryStore();
      await memory.restore(copy.backup());
      assert.equal(memory.countSync(), 1);
    }));

  test("keeps it open for others, and stands by", () =>
    withDirectory(async (cwd) => {
      const serving = luge.start(["serve", "shop"], cwd);
      assert.match(await printed(serving, "shop: "), /^shop: open for other processes, as the owner \(process \d+\)$/);
      const standby = luge.start(["serve", "shop", "--json"], cwd);
      assert.match(await printed(standby, "{"), /"role":"client"/);
      const path = join(cwd, "shop");
      await using store = await open({ path, shared: true });
      assert.equal(store.role, "client");
      await store.put("a", "1");
      for (const child of [serving, standby]) {
        child.kill("SIGINT");
        await exitCodeOf(child);
        assert.equal(text(await store.get("a")), "1");
      }
      assert.equal(store.role, "owner");
    }));

  test("refuses what needs the store for itself", () =>
    withShared(async (_, path, cwd) => {
      for (const [words, message] of [
        [["fork", path, join(cwd, "fork")], /^Cannot fork .* while other processes share it: use luge backup$/],
        [["watch", path, "--no-follow"], /^Cannot end after the past changes while other processes share the store/],
        [["compact", path, "--keep-versions", "3"], /^Cannot change how .* keeps its entries while/],
      ] as const) {
        const { code, errors } = await runHere(words);
        assert.equal(code, ExitCode.failed);
        assert.match(errors.replace(/^luge: /, ""), message);
      }
    }));
});
