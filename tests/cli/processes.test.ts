/**
 * The published command as a process, on the runtime of the tests: pipes, signals, exit codes.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { open } from "../../mod.ts";
import { printed } from "../support/child.ts";
import { endOf, exitCodeOf, publishedCommand } from "../support/luge.ts";
import { withDirectory } from "../support/temporary.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

describe("the published command", () => {
  const luge = publishedCommand();

  test("accepts binary keys and values, and writes the same bytes to a pipe", () =>
    withDirectory(async (cwd) => {
      const put = luge.start(["put", "shop", "00ff", "--keys", "hex", "--file", "-"], cwd);
      assert.deepEqual((await endOf(put, ALL_BYTES)).errors, "");
      const { code, bytes, errors } = await endOf(luge.start(["get", "shop", "AP8=", "-k", "base64"], cwd));
      assert.deepEqual([code, errors], [0, ""]);
      assert.deepEqual(new Uint8Array(bytes), ALL_BYTES);
    }));

  test("names wrong input, exits with 2, and creates nothing", () =>
    withDirectory(async (cwd) => {
      const { code, output, errors } = await endOf(luge.start(["put", "shop", "0g", "value", "--keys", "hex"], cwd));
      assert.deepEqual([code, output], [2, ""]);
      assert.equal(errors, "luge: Wrong key '0g': expected hex, an even number of digits 0-9 and a-f\n");
      assert.equal(existsSync(join(cwd, "shop")), false);
    }));

  test("says which process has the store open, and exits with 4", () =>
    withDirectory(async (cwd) => {
      await using store = await open(join(cwd, "shop"));
      await store.put("key", "value");
      const { code, output, errors } = await endOf(luge.start(["put", "shop", "key", "other"], cwd));
      assert.deepEqual([code, output], [4, ""]);
      assert.match(
        errors,
        /^luge: The directory .*shop' is locked by process \d+ \(\w+\); a store has one owner at a time\n$/,
      );
    }));

  test("ends quietly when the reader closes the pipe", () =>
    withDirectory(async (cwd) => {
      await using store = await open(join(cwd, "shop"));
      for (let i = 0; i < 20_000; i++) store.put(`key${i}`, "value".repeat(50));
      await store.close();
      const child = luge.start(["scan", "shop"], cwd);
      child.stdout?.once("data", () => child.stdout?.destroy());
      let errors = "";
      child.stderr?.on("data", (piece) => {
        errors += piece;
      });
      const code = await exitCodeOf(child);
      assert.deepEqual([code, errors], [0, ""]);
    }));

  test("an interrupted load says how many entries were committed, and the store has these", () =>
    withDirectory(async (cwd) => {
      const child = luge.start(["load", "shop", "-", "--batch", "100"], cwd);
      const ended = endOf(child);
      const lines = Array.from({ length: 250 }, (_, i) => `{"key":"key${i}","value":"value"}\n`);
      child.stdin?.write(lines.join(""));
      // The marker exists once the store was opened. The lines are read after that.
      while (!existsSync(join(cwd, "shop", "LUGE"))) await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill("SIGINT");
      const { code, errors } = await ended;
      const told = /^luge: interrupted: (0|100|200) entries were committed before\n$/.exec(errors)?.[1];
      assert.equal(code, 130, errors);
      assert.ok(told !== undefined, errors);
      await using store = await open(join(cwd, "shop"));
      assert.equal(store.countSync(), Number(told));
    }));

  test("a watch prints the writes of another process after that has ended, until it is interrupted", () =>
    withDirectory(async (cwd) => {
      const path = join(cwd, "shop");
      await (await open(path)).close();
      const child = luge.start(["watch", "shop", "--since", "0"], cwd);
      const line = printed(child, "");
      const store = await open({ path, numVersionsToKeep: 10 });
      await store.put("key", "value");
      await store.close();
      assert.match(await line, /^\d+\tput\tkey\tvalue$/);
      child.kill("SIGINT");
      assert.equal(await exitCodeOf(child), 130);
    }));

  test("an interactive shell reads lines from a pipe, continues after errors, and exits with the first code", () =>
    withDirectory(async (cwd) => {
      const lines = 'put \'a key\' "a \\"value\\""\n\nget missing\nnonsense\ncount\nscan\nexit\ncount\n';
      const { code, output, errors } = await endOf(luge.start(["repl", "shop"], cwd), lines);
      assert.equal(output, '1\na key\ta "value"\n');
      assert.match(errors, /^luge: The key 'missing' is not there\nluge: unknown command 'nonsense'/);
      assert.equal(code, 1);
    }));

  test("load reads what dump wrote to a file, for any bytes", () =>
    withDirectory(async (cwd) => {
      const source = await open(join(cwd, "shop"));
      const entries: [string | Uint8Array, string | Uint8Array][] = [
        ["plain", "value"],
        ["quotes", 'a "quoted", value'],
        ["lines", "one\r\ntwo\rthree\nfour"],
        ["\ufeffbom", "\ufeffbom"],
        [" spaces ", "  "],
        ["empty", ""],
        [ALL_BYTES, ALL_BYTES],
      ];
      for (const [key, value] of entries) source.putSync(key, value);
      source.putSync("brief", "value", { ttl: 3_600_000 });
      const expected = contentOf(source);
      await source.close();
      for (const [file, flags] of [
        ["dump.jsonl", []],
        ["dump.csv", ["--keys", "base64", "--values", "hex"]],
      ] as const) {
        assert.equal((await endOf(luge.start(["dump", "shop", "--output", file, ...flags], cwd))).code, 0);
        const loaded = await endOf(luge.start(["load", `copy-${file}`, file, ...flags], cwd));
        assert.deepEqual([loaded.code, loaded.output], [0, "8 entries\n"], loaded.errors);
        await using copy = await open(join(cwd, `copy-${file}`));
        assert.deepEqual(contentOf(copy), expected);
      }
      const refused = await endOf(luge.start(["dump", "shop", "--output", "dump.csv"], cwd));
      assert.equal(refused.code, 2);
      assert.match(refused.errors, /'dump\.csv'.*--force/);
      assert.match(readFileSync(join(cwd, "dump.csv"), "utf8"), /^key,value,expiresAt\n/);
    }));

  test("a wrong line of a file is named, and nothing is written", () =>
    withDirectory(async (cwd) => {
      const lines = Array.from({ length: 1500 }, (_, i) => `{"key":"key${i}","value":"value"}\n`);
      writeFileSync(join(cwd, "wrong.jsonl"), `${lines.join("")}{"key":"","value":"value"}\n`);
      const { code, errors } = await endOf(luge.start(["load", "shop", "wrong.jsonl"], cwd));
      assert.equal(code, 2);
      assert.match(errors, /^luge: Line 1501: Cannot use an empty key/);
      assert.equal(existsSync(join(cwd, "shop")), false);
    }));
});

/** All entries, and whether each expires. Without the time of expiry, because a load rounds it. */
function contentOf(store: Awaited<ReturnType<typeof open>>): unknown[] {
  return [...store.keys({ keyEncoding: "bytes" })].map((key) => {
    const entry = store.getEntrySync(key);
    const value = Buffer.from(entry?.value ?? []).toString("hex");
    return [Buffer.from(key).toString("hex"), value, entry?.expiresAt !== undefined];
  });
}
