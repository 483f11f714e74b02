/**
 * `luge import` from JSON and CSV: keys and values, conflicts, wrong rows, how to go on, dry runs.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MemoryStore, open } from "../../../mod.ts";
import { ElementSplitter } from "../../../src/cli/import/json_elements.ts";
import type { Rows } from "../../../src/cli/import/rows.ts";
import { filled, templateOf } from "../../../src/cli/import/template.ts";
import { writeRows } from "../../../src/cli/import/write.ts";
import { runHere } from "../../support/command.ts";
import { withDirectory } from "../../support/temporary.ts";

/** Writes a source, imports it to `store`, and returns what the command said. */
async function imported(directory: string, source: string, content: string | Uint8Array, ...words: string[]) {
  writeFileSync(join(directory, source), content);
  return await runHere(["import", join(directory, "store"), join(directory, source), ...words]);
}

/** The entries of the store, as text. */
async function entriesIn(directory: string): Promise<[string, string][]> {
  await using store = await open(join(directory, "store"));
  const decoder = new TextDecoder();
  return [...store.entries()].map(([key, value]) => [key, decoder.decode(value)]);
}

/** Imports a source that must be right, and returns the entries. */
async function entriesOf(source: string, content: string, ...words: string[]): Promise<[string, string][]> {
  return await withDirectory(async (directory) => {
    const { code, errors } = await imported(directory, source, content, ...words);
    assert.deepEqual([code, errors], [0, ""], content);
    return await entriesIn(directory);
  });
}

test("a JSON array becomes entries: a key by a template, and the whole row with all its digits", async () => {
  const rows = `\uFEFF [\n {"id": 7, "name": "A, [b] \\"{c}\\" \\\\", "big": 12345678901234567890, "d": 1.50},\n\n{"id":8,"more":[1, {"a": [ ]}]} ]\n`;
  assert.deepEqual(await entriesOf("a.json", rows, "--key", "{{user}}:{id}"), [
    ["{user}:7", `{"id":7,"name":"A, [b] \\"{c}\\" \\\\","big":12345678901234567890,"d":1.50}`],
    ["{user}:8", `{"id":8,"more":[1,{"a":[]}]}`],
  ]);
  assert.deepEqual(await entriesOf("a.json", " [ ] ", "--key", "{id}"), []);
});

test("JSON lines become entries, with keys of several fields, and the value of one", async () => {
  const rows =
    '{"a":{"b":"x"},"n":true,"v":"text"}\n\n{"a":{"b":"y"},"a.b":"z","n":0.5,"v":{"c":[null]}}\r\n{"a":{"b":"q"},"n":-1,"v":""}';
  assert.deepEqual(await entriesOf("a.ndjson", rows, "--key", "{a.b}/{n}", "--value-column", "v", "--prefix", "p/"), [
    ["p/q/-1", ""],
    ["p/x/true", "text"],
    ["p/z/0.5", '{"c":[null]}'],
  ]);
});

test("CSV becomes entries, with a header, quotes and another delimiter", async () => {
  const rows = '\uFEFFid;name;note\r\n7;"Ada; ""A""";"two\nlines"\r\n8;Grace;\r\n';
  assert.deepEqual(await entriesOf("a.csv", rows, "--key-column", "id", "--delimiter", ";"), [
    ["7", '{"id":"7","name":"Ada; \\"A\\"","note":"two\\nlines"}'],
    ["8", '{"id":"8","name":"Grace","note":""}'],
  ]);
  assert.deepEqual(
    await entriesOf(
      "a.txt",
      "k\tv\n6b31\t/w==\n",
      ...["--from", "csv", "--delimiter", "\\t"],
      ...["--key", "{k}", "--value-column", "v", "--keys", "hex", "--values", "base64"],
    ),
    [["k1", "\uFFFD"]],
  );
});

test("a wrong row is named with its line, and nothing of its batch is written", () =>
  withDirectory(async (directory) => {
    const lines = (wrong: string) => `{"id":1}\n{"id":2}\n{"id":3}\n${wrong}\n`;
    const wrong: [string, string][] = [
      ["nonsense", "Line 4: Wrong input 'nonsense': expected JSON"],
      ["[4]", "Line 4: Wrong input '[4]': expected an object"],
      ['{"name":"x"}', "Line 4: Wrong id 'undefined' in a key: expected text that is not empty, or a number"],
      ['{"id":null}', "Line 4: Wrong id 'null' in a key"],
      ['{"id":""}', "Line 4: Wrong id '\"\"' in a key"],
      ['{"id":{"a":1}}', `Line 4: Wrong id '{"a":1}' in a key`],
      [
        '{"id":0.12345678901234567890}',
        "Line 4: Wrong id '0.12345678901234567890' in a key: expected an integer, a number",
      ],
      ['{"id":"\\ud800"}', "Line 4: Wrong key"],
      [`{"id":"${"k".repeat(65_001)}"}`, "Line 4: Cannot use a key of 65001 bytes: the limit is 65000"],
    ];
    for (const [row, message] of wrong) {
      const { code, output, errors } = await imported(
        directory,
        "a.jsonl",
        lines(row),
        "--key",
        "{id}",
        "--batch",
        "2",
        "--on-conflict",
        "replace",
      );
      assert.deepEqual([code, output], [2, ""], errors);
      assert.ok(errors.includes(message), errors);
      assert.match(errors, /; 2 rows were imported before; --skip 2 goes on after them$/);
      assert.deepEqual(
        (await entriesIn(directory)).map(([key]) => key),
        ["1", "2"],
      );
    }
  }));

test("a source that cannot be read at all makes no store", () =>
  withDirectory(async (directory) => {
    const wrong: [string, string | Uint8Array, string[], string][] = [
      ["a.json", '{"id":1}', ["--key", "{id}"], "Line 1: Wrong JSON: expected an array, got {"],
      ["a.json", "", ["--key", "{id}"], "Wrong JSON: expected an array, got nothing"],
      ["a.json", "[,1]", ["--key", "{id}"], "Line 1, row 1: Wrong JSON: expected an element, got ,"],
      ["a.json", "\n[}", ["--key", "{id}"], "Line 2, row 1: Wrong JSON: expected , or ], got }"],
      ["a.json", Uint8Array.of(0x5b, 0xff), ["--key", "{id}"], "Wrong input at byte 2: expected UTF-8"],
      ["a.json", "[]", [], "The key is missing: expected --key, such as user:{id}, or --key-column"],
      ["a.json", "[]", ["--key", "user"], "Wrong key 'user': expected a name in braces"],
      ["a.json", "[]", ["--key", "user{"], "Wrong key 'user{': expected a name in braces"],
      ["a.json", "[]", ["--key", "{id}", "--key-column", "id"], "expected --key or --key-column, got both"],
      ["a.json", "[]", ["--key", "{id}", "--table", "t"], "--table is for sqlite, and this source is json"],
      ["a.csv", "a,b\n1,2\n", ["--key", "{c}"], "Unknown column 'c': expected one of a, b"],
      ["a.csv", "a,b\n1,2\n", ["--key", "{a}", "--value-column", "c"], "Unknown column 'c': expected one of a, b"],
      ["a.csv", "a,a\n1,2\n", ["--key", "{a}"], "expected each column once, got 'a' twice"],
      ["a.csv", "a,__proto__\n1,2\n", ["--key", "{a}"], "the name '__proto__' cannot be a column"],
      ["a.csv", "a,b\n1\n", ["--key", "{a}"], "on line 2"],
      ["a.csv", "a\n", ["--key", "{a}", "--delimiter", ";;"], "Expected one character, such as ;"],
      [
        "a.csv",
        "a\n",
        ["--key", "{a}", "--nulls", "skip"],
        "--nulls is for sqlite, json, jsonl, and this source is csv",
      ],
      ["a.txt", "text", [], "expected --from with one of leveldb, sqlite, deno-kv, json, jsonl, csv"],
    ];
    for (const [source, content, words, message] of wrong) {
      const { code, output, errors } = await imported(directory, source, content, ...words);
      assert.deepEqual([code, output], [2, ""], errors);
      assert.ok(errors.includes(message), errors);
    }
    mkdirSync(join(directory, "folder"));
    const folder = await runHere(["import", join(directory, "store"), join(directory, "folder")]);
    assert.match(folder.errors, /expected a file, or a directory of LevelDB/);
    const missing = await runHere(["import", join(directory, "store"), join(directory, "missing.csv"), "--key", "{a}"]);
    assert.deepEqual([missing.code, /no such file/i.test(missing.errors)], [3, true], missing.errors);
    const standard = await runHere(["import", join(directory, "store"), "-", "--key", "{a}"]);
    assert.match(standard.errors, /expected --from json, jsonl or csv/);
    assert.equal(existsSync(join(directory, "store")), false);
  }));

test("an array that ends too early is an error after the batches before", () =>
  withDirectory(async (directory) => {
    const { code, errors } = await imported(
      directory,
      "a.json",
      '[{"id":1},\n{"id":2},\n{"id":',
      "--key",
      "{id}",
      "--batch",
      "1",
    );
    assert.equal(code, 2);
    assert.equal(
      errors,
      "luge: Line 3, row 3: Wrong JSON: expected ] at the end of the array; 2 rows were imported before; --skip 2 goes on after them",
    );
    assert.deepEqual((await entriesIn(directory)).length, 2);
  }));

test("a key that exists is refused, replaced or skipped; so is one of an earlier row", () =>
  withDirectory(async (directory) => {
    const rows = "k,v\na,1\nb,2\na,3\n";
    const how = (...words: string[]) =>
      imported(directory, "a.csv", rows, "--key-column", "k", "--value-column", "v", ...words);
    const refused = await how();
    assert.equal(refused.code, 3);
    assert.match(
      refused.errors,
      /^luge: Line 4: Cannot add the key 'a': an earlier row has it; expected a new key, .*; 0 rows were imported before$/,
    );
    assert.deepEqual(await entriesIn(directory), []);
    assert.equal(
      (await how("--on-conflict", "skip", "--json")).output,
      '{"entries":2,"replaced":0,"skipped":1,"version":2}\n',
    );
    assert.deepEqual(await entriesIn(directory), [
      ["a", "1"],
      ["b", "2"],
    ]);
    const again = await how("--batch", "1");
    assert.match(again.errors, /Line 2: Cannot add the key 'a': the store has it, from before or from an earlier row/);
    assert.equal((await how("--on-conflict", "replace")).output, "2 entries, 3 replaced another\n");
    assert.deepEqual(await entriesIn(directory), [
      ["a", "3"],
      ["b", "2"],
    ]);
  }));

test("--skip goes on after an import that stopped, also past a wrong row", () =>
  withDirectory(async (directory) => {
    const rows = "k\na\nb\n,\nd\n".replace(",", '""');
    const how = (...words: string[]) =>
      imported(directory, "a.csv", rows, "--key-column", "k", "--batch", "1", ...words);
    assert.match((await how()).errors, /^luge: Line 4: Wrong k '""' in a key: .*--skip 2 goes on after them$/);
    assert.match((await how("--skip", "2")).errors, /^luge: Line 4: .*; 2 rows were imported before/);
    assert.equal((await how("--skip", "3")).output, "1 entry\n");
    assert.deepEqual(
      (await entriesIn(directory)).map(([key]) => key),
      ["a", "b", "d"],
    );
    assert.match((await how("--skip", "5")).errors, /Wrong --skip 5: expected at most 4, the rows of the source/);
  }));

test("a null value is refused, or its row is left out", () =>
  withDirectory(async (directory) => {
    const rows = '{"k":"a","v":null}\n{"k":"b","v":1}\n{"k":"c"}\n';
    const how = (...words: string[]) =>
      imported(directory, "a.jsonl", rows, "--key", "{k}", "--value-column", "v", ...words);
    assert.match((await how()).errors, /Line 1: Wrong v null: expected a value; --nulls skip leaves such rows out/);
    assert.match((await how("--nulls", "skip")).errors, /Line 3: Unknown v: expected a value/);
    const two = rows.split("\n").slice(0, 2).join("\n");
    assert.equal(
      (await imported(directory, "b.jsonl", two, "--key", "{k}", "--value-column", "v", "--nulls", "skip")).output,
      "1 entry, 1 row skipped\n",
    );
    assert.deepEqual(await entriesIn(directory), [["b", "1"]]);
  }));

test("--dry-run says what would happen, and writes nothing", () =>
  withDirectory(async (directory) => {
    const how = (...words: string[]) => imported(directory, "a.csv", "k\na\nb\n", "--key-column", "k", ...words);
    assert.equal((await how("--dry-run")).output, "2 entries would be put\n");
    assert.equal(existsSync(join(directory, "store")), false);
    await how();
    assert.match((await how("--dry-run")).errors, /the store has it.*; nothing was written; 0 rows before were right$/);
    const { output } = await how("--dry-run", "--on-conflict", "replace", "--json");
    assert.equal(output, '{"entries":2,"replaced":2,"skipped":0,"dryRun":true}\n');
    const wrong = await imported(directory, "b.csv", 'k\nc\n""\n', "--key-column", "k", "--dry-run");
    assert.match(wrong.errors, /Line 3: .*; nothing was written; 0 rows before were right$/);
    assert.equal((await entriesIn(directory)).length, 2);
  }));

test("an import into an open store says so", () =>
  withDirectory(async (directory) => {
    await using _ = await open(join(directory, "store"));
    const { code, errors } = await imported(directory, "a.csv", "k\na\n", "--key-column", "k");
    assert.equal(code, 4);
    assert.match(errors, /is locked by this process, \d+: it is already open; a store has one owner at a time/);
  }));

test("an import reads no further than its batch, and an interrupted one says where it stopped", async () => {
  await using store = new MemoryStore();
  const ending = new AbortController();
  const [batch, bytes] = [10, new TextEncoder()];
  const rows = async function* (): Rows {
    for (let i = 0; i < 100; i++) {
      assert.ok(i - store.countSync() <= batch, `row ${i} was read while only ${store.countSync()} were written`);
      if (i === 34) ending.abort();
      const key = bytes.encode(`${i}`);
      yield { place: `Row ${i + 1}`, toEntry: () => ({ key, value: key }) };
    }
  };
  const options = { batch, onConflict: "fail", skip: 0, dryRun: false, signal: ending.signal } as const;
  await assert.rejects(writeRows(store, rows(), options), {
    message: "30 rows were imported before; --skip 30 goes on after them",
  });
  assert.equal(store.countSync(), 30);
  const stopped = await runHere(["import", "store", "-", "--from", "csv", "--key", "{a}"], AbortSignal.abort());
  assert.deepEqual([stopped.code, stopped.errors], [130, "luge: interrupted"]);
});

test("a large value comes over, and one that is too large is refused before its batch", () =>
  withDirectory(async (directory) => {
    const row = (id: number, length: number) => `{"id":${id},"v":"${"x".repeat(length)}"}\n`;
    const rows = row(1, 1) + row(2, 64 * 1024 * 1024) + row(3, 64 * 1024 * 1024 + 1);
    const { code, errors } = await imported(directory, "a.jsonl", rows, "--key", "{id}", "--value-column", "v");
    assert.equal(code, 2);
    assert.match(errors, /Line 3: Cannot store a value of 67108865 bytes: the limit is 67108864; 2 rows were imported/);
    await using store = await open(join(directory, "store"));
    assert.equal(store.getSync("2")?.length, 64 * 1024 * 1024);
  }));

test("an array is split in the same way wherever its pieces end", () => {
  const array = ' [ {"a": "]\\\\\\"[,", "b": [1, [2,\n3]]} ,\n"x y", -1.5e3 , true,null, 1 2,{} ] \n';
  const whole = [...new ElementSplitter().read(array)];
  assert.deepEqual(
    whole.map(({ text, line, row }) => [text, line, row]),
    [
      ['{"a":"]\\\\\\"[,","b":[1,[2,3]]}', 1, 1],
      ['"x y"', 3, 2],
      ["-1.5e3", 3, 3],
      ["true", 3, 4],
      ["null", 3, 5],
      ["1 2", 3, 6],
      ["{}", 3, 7],
    ],
  );
  for (let at = 0; at <= array.length; at++) {
    const splitter = new ElementSplitter();
    const parts = [...splitter.read(array.slice(0, at)), ...splitter.read(array.slice(at))];
    splitter.end();
    assert.deepEqual(parts, whole, `${at}`);
  }
  const each = new ElementSplitter();
  assert.deepEqual(
    [...array].flatMap((piece) => [...each.read(piece)]),
    whole,
  );
});

test("a template has names in braces, and braces", () => {
  const fill = (template: string) => filled(templateOf(template), (name) => `<${name}>`);
  assert.equal(fill("user:{id}"), "user:<id>");
  assert.equal(fill("{a}{b c}"), "<a><b c>");
  assert.equal(fill("{{{a}}}"), "{<a>}");
  for (const wrong of ["", "a", "{", "}", "{}", "a{b", "a}b", "{a{b}}"]) {
    assert.throws(() => templateOf(wrong), /Wrong key .*: expected a name in braces/, wrong);
  }
});
