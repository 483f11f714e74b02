/**
 * `luge import` from sources that look right but are not: mixed line ends, numbers that JavaScript does not have, a
 * pipe, a directory, hidden columns, a database of another program; and Ctrl-C while a source never waits.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { open } from "../../../mod.ts";
import { type CsvRecord, readCsvRecords } from "../../../src/cli/formats/csv.ts";
import { decodeText } from "../../../src/cli/formats/lines.ts";
import type { Rows } from "../../../src/cli/import/rows.ts";
import { writeRows } from "../../../src/cli/import/write.ts";
import { runHere } from "../../support/command.ts";
import { RUNTIME } from "../../support/runtime.ts";
import { withDirectory } from "../../support/temporary.ts";
import { sqlite } from "./sqlite.ts";

/** The entries of a store, as text. */
async function entriesIn(path: string): Promise<[string, string][]> {
  await using store = await open(path);
  const decoder = new TextDecoder();
  return [...store.entries()].map(([key, value]) => [key, decoder.decode(value)]);
}

test("each line of CSV may end in its own way, wherever its pieces end", async () => {
  const columns = (header: readonly string[]) => [...header];
  const texts = ["a,b\n1,x\r\n2,y\r\n\r\n3,z", "a,b\r\n1,x\n2,y\n\n3,z\n", "a,b\r1,x\r2,y\n\n3,z\r\n"];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at <= bytes.length; at++) {
      const pieces = async function* () {
        yield bytes.subarray(0, at);
        yield bytes.subarray(at);
      };
      const records: CsvRecord[] = [];
      for await (const record of readCsvRecords(pieces(), { columns })) records.push(record);
      assert.deepEqual(
        records.map(({ record, line }) => [record.a, record.b, line]),
        [
          ["1", "x", 2],
          ["2", "y", 3],
          ["3", "z", 5],
        ],
        `${JSON.stringify(text)} at ${at}`,
      );
    }
  }
});

test("rows before an error of the syntax come over, and the message names the place", () =>
  withDirectory(async (directory) => {
    const [json, jsonl, csv] = ['[{"id":"1"},{"id":"é"}', '{"id":"1"}\n{"id":"é"}\n', 'id\n1\n"é"\n'];
    const wrong: [string, string, string | Uint8Array, string][] = [
      ["a.json", json, ',,{"id":"3"}]', "Line 1, row 3: Wrong JSON: expected an element, got ,"],
      ["a.json", json, ",}]", "Line 1, row 3: Wrong JSON: expected , or ], got }"],
      ["a.json", json, ',{"id":3x}]', `Line 1, row 3: Wrong input '{"id":3x}': expected JSON`],
      ["a.json", json, '] {"id":"3"}', "Line 1: Wrong JSON: expected nothing after the array, got {"],
      ["a.csv", csv, '3,4\n"5"\n', "Wrong CSV: Invalid Record Length: columns length is 1, got 2 on line 4"],
      ["a.csv", csv, '"3\n', "Wrong CSV: Quote Not Closed: the parsing is finished with an opening quote at line 4"],
    ];
    for (const [source, start] of [
      ["a.json", `${json},`],
      ["a.jsonl", jsonl],
      // The parser looks some bytes ahead.
      ["a.csv", `${csv}333333`],
    ] as const) {
      const byte = Buffer.byteLength(start) + 1;
      const bytes = (...after: number[]) => Uint8Array.from(after);
      wrong.push([source, start, bytes(0xff, 0x33), `Wrong input at byte ${byte}: expected UTF-8`]);
      wrong.push([source, start, bytes(0xc3, 0x33), `Wrong input at byte ${byte + 1}: expected UTF-8`]);
      wrong.push([source, start, bytes(0xe2, 0x82), `Wrong input after byte ${byte + 1}: expected UTF-8, got its end`]);
    }
    for (const [i, [source, start, end, message]] of wrong.entries()) {
      const store = join(directory, `store${i}`);
      writeFileSync(join(directory, source), Buffer.concat([Buffer.from(start), Buffer.from(end)]));
      const words = ["import", store, join(directory, source), "--key", "{id}", "--value-column", "id", "--batch", "1"];
      const { code, errors } = await runHere(words);
      const before = "2 rows were imported before; --skip 2 goes on after them";
      assert.deepEqual([code, errors], [2, `luge: ${message}; ${before}`]);
      assert.deepEqual(
        await entriesIn(store),
        [
          ["1", "1"],
          ["é", "é"],
        ],
        message,
      );
    }
  }));

test("wrong UTF-8 is found wherever its pieces end, after all text before it", async () => {
  const right = new TextEncoder().encode("\uFEFFaé\u20AC\u{1F600}z");
  for (const [wrong, at] of [
    [[0xff], 0],
    [[0xc3, 0x28], 1],
    [[0xf0, 0x9f, 0x98, 0x28], 3],
    [[0xed, 0xa0, 0x80], 1],
    [[0x80], 0],
  ] as const) {
    const bytes = Uint8Array.of(...right, ...wrong, 0x41);
    const message = `Wrong input at byte ${right.length + at + 1}: expected UTF-8`;
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        let text = "";
        const read = async () => {
          const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
          for await (const piece of decodeText(Readable.from(pieces))) text += piece;
        };
        await assert.rejects(read(), { message }, `${wrong} ${first} ${second}`);
        assert.equal(text, "aé\u20AC\u{1F600}z", `${wrong} ${first} ${second}`);
      }
    }
  }
});

test("a key of JSON has all digits of an integer; a number that JavaScript rounds is refused", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "a.json"), join(directory, "store")];
    const rowsOf = (ids: readonly string[]) => `[${ids.map((id) => `{"a": [{"id": ${id}}], "id": 1}`).join(",\n")}]`;
    const right: [id: string, key: string][] = [
      ["9007199254740993", "9007199254740993"],
      ["-12345678901234567890", "-12345678901234567890"],
      [`1${"0".repeat(400)}`, `1${"0".repeat(400)}`],
      ["-0", "0"],
      ["7.00", "7"],
      ["70e-1", "7"],
      ["0.1", "0.1"],
      ["-1.50e+3", "-1500"],
      ["0.00", "0"],
      ["5e-324", "5e-324"],
      ["0.30000000000000004", "0.30000000000000004"],
    ];
    writeFileSync(source, rowsOf(right.map(([id]) => id)));
    const how = (...words: string[]) => runHere(["import", store, source, "--key", "{a.0.id}", ...words]);
    const { code, errors } = await how("--on-conflict", "replace");
    assert.deepEqual([code, errors], [0, ""]);
    const keys = (await entriesIn(store)).map(([key]) => key);
    assert.deepEqual(keys, [...new Set(right.map(([, key]) => key))].sort());
    const long = `0.1${"0".repeat(100_000)}1`;
    for (const wrong of [
      "0.1000000000000000055511151231257827",
      "1e400",
      "1e-400",
      "1e16",
      "1.0000000000000000001",
      long,
    ]) {
      writeFileSync(source, rowsOf(["7", wrong]));
      const { code, errors } = await how("--on-conflict", "replace");
      const what = `Line 2, row 2: Wrong a.0.id '${wrong.slice(0, 60)}${wrong.length > 60 ? "…" : ""}' in a key: expected an integer`;
      assert.deepEqual([code, errors.slice(6, 6 + what.length)], [2, what]);
    }
  }));

test("a --value-column of JSON that is no text has all its digits, also deep inside", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "a.jsonl"), join(directory, "store")];
    const values = [
      ...["9007199254740993", "1.50", "-0", "1e400", "true", "[]", "{}", '[{"v":0.12345678901234567890}]'],
      '{"v":[12345678901234567890,{"v":"}"}],"\\\\\\"":1}',
    ];
    const lines = values.map(
      (value, i) => ` { "v":2, "\\"\\\\": "v", "i":${i}, "v": ${value.replaceAll(",", " , ")} } \n`,
    );
    writeFileSync(source, lines.join(""));
    const { errors } = await runHere(["import", store, source, "--key", "{i}", "--value-column", "v"]);
    assert.equal(errors, "");
    assert.deepEqual(
      (await entriesIn(store)).map(([, value]) => value),
      values,
    );
    // A name with a dot comes before a path, and an array has a length.
    writeFileSync(source, '{"a.b":1.10,"a":{"b":2,"c":3.10,"list":[1.10,2]}}');
    for (const [column, value] of [
      ["a.b", "1.10"],
      ["a.c", "3.10"],
      ["a.list.0", "1.10"],
      ["a.list.length", "2"],
    ] as const) {
      const words = ["--key", "k{a.b}", "--value-column", column, "--on-conflict", "replace"];
      await runHere(["import", store, source, ...words]);
      assert.equal((await entriesIn(store)).at(-1)?.[1], value);
    }
  }));

test("JSON that is nested deeply comes over or is refused, and is no defect", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "a.jsonl"), join(directory, "store")];
    const deep = `${"[".repeat(100_000)}1${"]".repeat(100_000)}`;
    writeFileSync(source, `{"id":1,"v":${deep}}\n`);
    const { code, errors } = await runHere(["import", store, source, "--key", "{id}", "--value-column", "v"]);
    // Runtimes have other limits.
    if (code === 0) assert.deepEqual(await entriesIn(store), [["1", deep]]);
    else assert.match(errors, /^luge: Line 1: Wrong (?:v: expected JSON with less nesting|input '.*': expected JSON);/);
    const key = await runHere(["import", store, source, "--key", "{v}"]);
    assert.deepEqual([key.code, /^luge: Line 1: Wrong (?:v|input)/.test(key.errors)], [2, true], errors.slice(0, 300));
  }));

test("a directory is no file, and the message says so", () =>
  withDirectory(async (directory) => {
    const source = join(directory, "folder");
    mkdirSync(source);
    for (const from of ["csv", "json", "jsonl", "sqlite", "deno-kv"]) {
      const key = ["csv", "json", "jsonl"].includes(from) ? ["--key", "{id}"] : [];
      const { code, errors } = await runHere(["import", join(directory, "store"), source, "--from", from, ...key]);
      assert.deepEqual(
        [code, errors],
        [2, `luge: Wrong source '${source}': expected a file for ${from}, got a directory`],
      );
    }
  }));

test("a named pipe is read as a file with its name", { skip: process.platform === "win32" }, () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "pipe.csv"), join(directory, "store")];
    execFileSync("mkfifo", [source]);
    const [{ output, errors }] = await Promise.all([
      runHere(["import", store, source, "--key-column", "id"]),
      writeFile(source, "id,name of the user\n7,Ada\n8,Grace"),
    ]);
    assert.deepEqual([output, errors], ["2 entries\n", ""]);
  }),
);

test("hidden columns of SQLite are no data; rows come in the order of the primary key whatever its name is", () =>
  withDirectory(async (directory) => {
    const [source, store] = [join(directory, "app.db"), join(directory, "store")];
    await sqlite(
      source,
      `CREATE VIRTUAL TABLE docs USING fts5(title, body);
       INSERT INTO docs VALUES ('a', 'b');
       CREATE TABLE made(id INTEGER PRIMARY KEY, twice AS (2 * id));
       INSERT INTO made(id) VALUES (4);
       CREATE TABLE v1(v1 TEXT, other TEXT, PRIMARY KEY (v1)) WITHOUT ROWID;
       INSERT INTO v1 VALUES ('a', 'y'), ('b', 'z'), ('c', 'x');`,
    );
    const how = (table: string, ...words: string[]) => runHere(["import", store, source, "--table", table, ...words]);
    assert.equal((await how("docs", "--key", "docs/{title}")).output, "1 entry\n");
    assert.equal((await how("made", "--key", "made/{id}")).output, "1 entry\n");
    assert.equal((await how("v1", "--key", "v1/{v1}", "--skip", "1")).output, "2 entries\n");
    assert.deepEqual(await entriesIn(store), [
      ["docs/a", '{"title":"a","body":"b"}'],
      ["made/4", '{"id":4,"twice":8}'],
      ["v1/b", '{"v1":"b","other":"z"}'],
      ["v1/c", '{"v1":"c","other":"x"}'],
    ]);
  }));

if (RUNTIME === "deno") {
  test("a file that is no database of Deno KV is refused, and stays as it is", () =>
    withDirectory(async (directory) => {
      const source = join(directory, "app.db");
      const store = join(directory, "store");
      await sqlite(source, "CREATE TABLE kv(a); INSERT INTO kv VALUES (1);");
      const before = readFileSync(source);
      writeFileSync(join(directory, "empty.db"), "");
      for (const path of [source, join(directory, "empty.db")]) {
        const { code, errors } = await runHere(["import", store, path, "--from", "deno-kv"]);
        assert.deepEqual([code, errors], [2, `luge: Wrong source '${path}': expected a database of Deno KV`]);
      }
      assert.ok(readFileSync(source).equals(before));
      assert.equal(readFileSync(join(directory, "empty.db")).length, 0);
      assert.equal(existsSync(store), false);
    }));
}

test("a signal ends an import whose source never waits, also when nothing is written", async () => {
  for (const [skip, right] of [
    [0, "\\d+"],
    [1_000_000, "1000000"],
  ] as const) {
    const ending = new AbortController();
    setImmediate(() => ending.abort());
    const rows = async function* (): Rows {
      const key = Uint8Array.of(1);
      for (let i = 0; i < 100_000; i++) yield { place: "", toEntry: () => ({ key, value: key }) };
      assert.fail("all rows were read");
    };
    const options = { batch: 10, onConflict: "skip", skip, dryRun: true, signal: ending.signal } as const;
    const message = new RegExp(`^nothing was written; ${right} rows before were right$`);
    await assert.rejects(writeRows(undefined, rows(), options), { message });
  }
});
