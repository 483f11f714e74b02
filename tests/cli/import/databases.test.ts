/**
 * `luge import` from LevelDB, SQLite and Deno KV.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ClassicLevel } from "classic-level";
import { open } from "../../../mod.ts";
import { KvU64, openKv } from "../../../src/adapters/kv/mod.ts";
import { runHere } from "../../support/command.ts";
import { RUNTIME } from "../../support/runtime.ts";
import { withDirectory } from "../../support/temporary.ts";
import { sqlite } from "./sqlite.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, i) => i);

/** The entries of a store, as hex. */
async function hexIn(path: string): Promise<[string, string][]> {
  await using store = await open(path);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return [...store.entries({ keyEncoding: "bytes" })].map(([key, value]) => [hex(key), hex(value)]);
}

/** The entries of a store, as text. */
async function textIn(path: string): Promise<Record<string, string>> {
  await using store = await open(path);
  return Object.fromEntries([...store.entries()].map(([key, value]) => [key, Buffer.from(value).toString()]));
}

test("a LevelDB directory comes over byte for byte, with an empty value and a large one", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "level"), join(directory, "store")];
    const level = new ClassicLevel<Uint8Array, Uint8Array>(source, { keyEncoding: "view", valueEncoding: "view" });
    await level.put(ALL_BYTES, ALL_BYTES);
    await level.put(Uint8Array.of(0), new Uint8Array(0));
    await level.put(Uint8Array.of(0xff), new Uint8Array(3_000_000).fill(7));
    for (let i = 0; i < 2500; i++) await level.put(Buffer.from(`key${i}`), Buffer.from(`${i}`));
    await level.close();
    assert.equal((await runHere(["import", store, source])).output, "2,503 entries\n");
    const entries = await hexIn(store);
    const hex = Buffer.from(ALL_BYTES).toString("hex");
    assert.deepEqual(
      [entries[0], entries[1]],
      [
        ["00", ""],
        [hex, hex],
      ],
    );
    assert.deepEqual([entries.length, entries.at(-1)?.[1].length], [2503, 6_000_000]);
    // A view of the store has them, too.
    const under = join(directory, "under");
    await runHere(["import", under, source, "--prefix", "level/"]);
    assert.equal((await hexIn(under)).at(-1)?.[0], `${Buffer.from("level/").toString("hex")}ff`);
  }));

test("an empty key of LevelDB is refused, unless a prefix stands before it", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "level"), join(directory, "store")];
    const level = new ClassicLevel<Uint8Array, string>(source, { keyEncoding: "view" });
    await level.put(new Uint8Array(0), "value");
    await level.close();
    const { code, errors } = await runHere(["import", store, source]);
    assert.equal(code, 2);
    assert.match(errors, /^luge: Entry 1: Cannot use an empty key: .*; 0 rows were imported before$/);
    assert.equal((await runHere(["import", store, source, "--prefix", "p"])).output, "1 entry\n");
    assert.deepEqual(await textIn(store), { p: "value" });
  }));

test("a LevelDB that is open elsewhere, or none, is refused, and stays as it is", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "level"), join(directory, "store")];
    const level = new ClassicLevel(source);
    await level.open();
    const { code, errors } = await runHere(["import", store, source]);
    await level.close();
    assert.deepEqual(
      [code, errors],
      [3, `luge: Cannot open '${source}': another program has it open; end that program first`],
    );
    const none = await runHere(["import", store, directory, "--from", "leveldb"]);
    assert.match(none.errors, /expected a directory of LevelDB, with a file CURRENT/);
    const keyed = await runHere(["import", store, source, "--key", "{id}"]);
    assert.match(keyed.errors, /--key is for sqlite, json, jsonl, csv, and this source is leveldb/);
    assert.deepEqual([existsSync(store), readdirSync(directory)], [false, ["level"]]);
  }));

test("a table of SQLite comes over as JSON, with all digits, or as the bytes of a column", () =>
  withDirectory(async (directory) => {
    const source = join(directory, "app.db");
    await sqlite(
      source,
      `CREATE TABLE user(id INTEGER PRIMARY KEY, "na""me" TEXT, big, data BLOB, note);
       INSERT INTO user VALUES (10, 'Ada', 9007199254740993, x'00ff', NULL), (9, 'Gr' || char(0) || 'ace', 1.5, x'', '');`,
    );
    const whole = join(directory, "whole");
    assert.equal((await runHere(["import", whole, source])).output, "2 entries\n");
    assert.deepEqual(await textIn(whole), {
      10: '{"id":10,"na\\"me":"Ada","big":9007199254740993,"data":{"base64":"AP8="},"note":null}',
      9: '{"id":9,"na\\"me":"Gr\\u0000ace","big":1.5,"data":{"base64":""},"note":""}',
    });
    const column = join(directory, "column");
    const words = ["--table", "user", "--key", 'user/{na"me}/{id}', "--value-column", "data"];
    assert.equal((await runHere(["import", column, source, ...words])).output, "2 entries\n");
    assert.deepEqual(
      (await hexIn(column)).map(([, value]) => value),
      ["00ff", ""],
    );
    const numbers = join(directory, "numbers");
    await runHere(["import", numbers, source, "--key-column", 'na"me', "--value-column", "big"]);
    assert.deepEqual(await textIn(numbers), { Ada: "9007199254740993", "Gr\0ace": "1.5" });
    const bytes = join(directory, "bytes");
    const empty = await runHere([
      "import",
      bytes,
      source,
      "--key-column",
      "data",
      "--value-column",
      "id",
      "--batch",
      "1",
    ]);
    assert.match(empty.errors, /^luge: Row 1 of user: Wrong data of 0 bytes in a key: expected text that is not empty/);
    assert.equal(
      (await runHere(["import", bytes, source, "--key-column", "data", "--value-column", "id", "--skip", "1"])).code,
      0,
    );
    assert.deepEqual(await hexIn(bytes), [["00ff", "3130"]]);
  }));

test("a table without a simple key, a wrong name and a NULL are named", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "app.db"), join(directory, "store")];
    await sqlite(
      source,
      `CREATE TABLE pair(a TEXT, b TEXT, v TEXT, PRIMARY KEY (b, a)) WITHOUT ROWID;
       CREATE TABLE plain(rowid TEXT, v TEXT);
       CREATE VIEW both AS SELECT a || b AS ab, CAST(v AS BLOB) AS v FROM pair;
       INSERT INTO pair VALUES ('x', '2', 'one'), ('y', '1', CAST(x'ff' AS TEXT));
       INSERT INTO plain VALUES ('r', 'v'), (NULL, 'w'), ('s', NULL);`,
    );
    const wrong: [string[], string][] = [
      [[], "expected --table <name>, one of pair, plain, both"],
      [["--table", "none"], "Unknown table 'none': expected one of pair, plain, both"],
      [
        ["--table", "pair"],
        "The table 'pair' has the primary key b, a: expected --key-column, or --key such as pair:{a}",
      ],
      [["--table", "plain"], "The table 'plain' has no primary key: expected --key-column"],
      [["--table", "pair", "--key", "{c}"], "Unknown column 'c': expected one of a, b, v"],
      [["--table", "pair", "--key", "{a}{b}"], "Row 1 of pair: Wrong v: expected text in UTF-8, got other bytes"],
      [["--table", "plain", "--key", "{rowid}"], "Row 2 of plain: Wrong rowid 'null' in a key"],
      [["--table", "plain", "--key", "{v}"], "Row 3 of plain: Wrong v 'null' in a key"],
    ];
    for (const [words, message] of wrong) {
      const { code, errors } = await runHere(["import", store, source, ...words]);
      assert.equal(code, 2, errors);
      assert.ok(errors.includes(message), errors);
    }
    const view = await runHere(["import", store, source, "--table", "both", "--key", "p:{ab}", "--value-column", "v"]);
    assert.deepEqual([view.output, view.errors], ["2 entries\n", ""]);
    assert.deepEqual(
      (await hexIn(store)).map(([, value]) => value),
      ["6f6e65", "ff"],
    );
    writeFileSync(join(directory, "wrong.db"), `SQLite format 3\0${"x".repeat(5000)}`);
    const damaged = await runHere(["import", store, join(directory, "wrong.db")]);
    assert.deepEqual(
      [damaged.code, /^luge: Cannot (?:open|read) '.*wrong\.db': /.test(damaged.errors)],
      [3, true],
      damaged.errors,
    );
  }));

if (RUNTIME === "deno") {
  test("a database of Deno KV comes over, and openKv of luge reads it", () =>
    withDirectory(async (directory) => {
      const [source, path] = [join(directory, "kv.sqlite"), join(directory, "store")];
      const { Deno } = globalThis as unknown as {
        Deno: { openKv: (path: string) => ReturnType<typeof openKv>; KvU64: typeof KvU64 };
      };
      const from = await Deno.openKv(source);
      const entries: [readonly (string | number | bigint | boolean | Uint8Array)[], unknown][] = [
        [[ALL_BYTES, -0, "a\0b", -(2n ** 70n), true], new Map([["a", new Set([1, undefined])]])],
        [["date"], new Date(5)],
        [["bytes"], ALL_BYTES],
        [["sum"], new KvU64(2n ** 64n - 1n)],
      ];
      for (const [key, value] of entries) {
        await from.set(key, value instanceof KvU64 ? new Deno.KvU64(value.value) : value);
      }
      from.close();
      const guess = await runHere(["import", path, source]);
      assert.match(guess.errors, /This is a database of Deno KV: read it with --from deno-kv, on Deno/);
      const { output, errors } = await runHere(["import", path, source, "--from", "deno-kv", "--prefix", "kv/"]);
      assert.deepEqual([output, errors], ["4 entries\n", ""]);
      await using store = await open(path);
      await using kv = await openKv(store.view({ prefix: "kv/" }));
      for (const [key, value] of entries) assert.deepEqual((await kv.get(key)).value, value);
      let count = 0;
      for await (const _ of kv.list({ prefix: [] })) count += 1;
      assert.equal(count, 4);
      const none = await runHere(["import", path, join(directory, "none"), "--from", "deno-kv"]);
      assert.match(none.errors, /Wrong source '.*none': there is no such file/);
      assert.equal(existsSync(join(directory, "none")), false);
    }));
} else {
  test("Deno KV is read on Deno alone, and the message says so", () =>
    withDirectory(async (directory) => {
      const source = join(directory, "kv.sqlite");
      writeFileSync(source, "");
      const { code, errors } = await runHere(["import", join(directory, "store"), source, "--from", "deno-kv"]);
      assert.deepEqual(
        [code, errors],
        [3, "luge: Cannot read Deno KV here: run the command on Deno, with --unstable-kv"],
      );
    }));
}
