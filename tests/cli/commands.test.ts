/**
 * The command line inside this process: refused arguments, `--json` of every command, exit codes, interruption.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { Writable } from "node:stream";
import { test } from "node:test";
import { MemoryStore, open } from "../../mod.ts";
import { decode, encode } from "../../src/cli/encodings.ts";
import { ExitCode } from "../../src/cli/exit_codes.ts";
import { writeWhole } from "../../src/cli/files.ts";
import { checkedKey, checkedPrefix, checkedValue } from "../../src/cli/limits.ts";
import { Output } from "../../src/cli/output.ts";
import { run } from "../../src/cli/program.ts";
import { showProgress } from "../../src/cli/progress.ts";
import { wordsOf } from "../../src/cli/words.ts";
import { runHere } from "../support/command.ts";
import { withDirectory } from "../support/temporary.ts";

/** Runs words that must succeed. Returns the objects of the printed lines. */
async function json(...words: string[]): Promise<Record<string, unknown>[]> {
  const { code, output, errors } = await runHere([...words, "--json"]);
  assert.deepEqual([code, errors], [0, ""], words.join(" "));
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("the command accepts what a store accepts, and refuses the rest with the same errors", async () => {
  await using store = new MemoryStore();
  const checks: [(bytes: Uint8Array) => unknown, (bytes: Uint8Array) => unknown, number[]][] = [
    [checkedKey, (key) => store.hasSync(key), [0, 1, 65_000, 65_001]],
    [checkedPrefix, (prefix) => store.countSync({ prefix }), [0, 65_000, 65_001]],
    [checkedValue, (value) => store.putSync("key", value), [0, 64 * 1024 * 1024, 64 * 1024 * 1024 + 1]],
  ];
  const said = (call: () => unknown) => {
    try {
      call();
      return "taken";
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const [ours, theirs, lengths] of checks) {
    const answers = lengths.map((length) => said(() => ours(new Uint8Array(length))));
    assert.deepEqual(
      answers,
      lengths.map((length) => said(() => theirs(new Uint8Array(length)))),
    );
    assert.ok(answers.includes("taken") && answers.some((answer) => answer !== "taken"));
  }
});

test("wrong arguments are named, exit with 2, and create nothing", () =>
  withDirectory(async (directory) => {
    const store = join(directory, "store");
    const wrong: [string[], string][] = [
      [["put", store], "missing required argument 'key'"],
      [["put", store, "key"], "expected a value or --file <file>, got neither"],
      [["put", store, "key", "value", "--file", "x"], "expected a value or --file <file>, got both"],
      [["put", store, "", "value"], "empty key"],
      [["put", store, "k".repeat(65_001), "value"], "65001 bytes"],
      [["put", store, "key", "abc", "--values", "base64"], "Wrong value 'abc': expected base64"],
      [["put", store, "key", "value", "--keys", "utf16"], "'utf16' is invalid. Allowed choices are text, hex, base64"],
      [["put", store, "key", "value", "--ttl", "soon"], "'soon' is invalid. Expected a number above 0 with a unit"],
      [["put", store, "key", "value", "--keep-versions", "0"], "'0' is invalid. Expected an integer of at least 1"],
      [["put", store, "key", "value", "--compression", "zip"], "'zip' is invalid. Allowed choices are none, lz4"],
      [["put", store, "key", "value", "more"], "too many arguments"],
      [["scan", store, "--gt", "a", "--gte", "b"], "expected --gt or --gte, got both"],
      [["scan", store, "--limit", "-1"], "'-1' is invalid. Expected an integer of at least 0"],
      [["delete", store], "expected one of a key, a range such as --prefix, and --all"],
      [["delete", store, "key", "--all"], "expected one of a key"],
      [["backup", store], "required option '-o, --output <file>' not specified"],
      [["backup", store, "-o", "x", "--since", "1", "--since-file", "y"], "expected --since or --since-file, got both"],
      [["restore", store, "-", "x"], "expected - alone, or files"],
      [
        ["load", store, join(directory, "x.jsonl"), "--format", "xml"],
        "'xml' is invalid. Allowed choices are jsonl, csv",
      ],
      [["get", store, "key", "--nonsense"], "unknown option '--nonsense'"],
      [["gett", store, "key"], "unknown command 'gett'"],
    ];
    for (const [words, message] of wrong) {
      const { code, output, errors } = await runHere(words);
      assert.deepEqual([code, output], [2, ""], words.join(" "));
      assert.ok(errors.startsWith("luge: ") && errors.includes(message), `${words.join(" ")}: ${errors}`);
    }
    assert.deepEqual(readdirSync(directory), []);
  }));

test("wrong lines of JSON and CSV are named with their numbers, and nothing is written", () =>
  withDirectory(async (directory) => {
    const good = '{"key":"a","value":"b"}\n';
    const wrong: [string, string | Uint8Array, string][] = [
      ["a.jsonl", `${good}nonsense\n`, "Line 2: Wrong input 'nonsense': expected JSON"],
      ["a.jsonl", "[1]\n", "Line 1: Wrong input '[1]': expected an object with key and value"],
      ["a.jsonl", '{"key":"a"}\n', "Line 1: Wrong value 'undefined': expected a string"],
      ["a.jsonl", '{"key":"a","value":{"base64":"?"}}\n', "Line 1: Wrong value '?': expected base64"],
      ["a.jsonl", '{"key":"a","value":"b","ttl":5}\n', "Line 1: Unknown name 'ttl': expected key, value or expiresAt"],
      [
        "a.jsonl",
        '{"key":"a","value":"b","expiresAt":"x"}\n',
        "Line 1: Wrong expiresAt '\"x\"': expected milliseconds",
      ],
      ["a.jsonl", Uint8Array.of(0x22, 0xff), "Wrong input at byte 2: expected UTF-8"],
      ["a.csv", "name,value\n", "Wrong header 'name,value': expected columns: key, value"],
      ["a.csv", "key,value\na,b\nc\n", "on line 3"],
      ["a.csv", 'key,value\na,"b\n', "Wrong CSV: "],
      ["a.csv", "key,value\n,b\n", "Line 2: Cannot use an empty key"],
    ];
    for (const [name, content, message] of wrong) {
      writeFileSync(join(directory, name), content);
      const { code, errors } = await runHere(["load", join(directory, "store"), join(directory, name)]);
      assert.equal(code, 2, errors);
      assert.ok(errors.includes(message), errors);
    }
    assert.equal(existsSync(join(directory, "store")), false);
  }));

test("--compression changes how a store writes, and compact rewrites it; the store remembers it", () =>
  withDirectory(async (directory) => {
    const [store, copy, lines] = ["store", "copy", "lines.jsonl"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    const entry = (i: number) => JSON.stringify({ key: `key/${i}`, value: "A value that repeats. ".repeat(20) });
    writeFileSync(lines, Array.from({ length: 1000 }, (_, i) => `${entry(i)}\n`).join(""));
    const markerOf = (path: string) => readFileSync(join(path, "LUGE"), "latin1").split("\n").slice(0, 3).join();
    await json("load", store, lines);
    assert.match(markerOf(store), /^luge 4,/);
    const [plain] = await json("compact", store);
    const [packed] = await json("compact", store, "--compression", "lz4");
    assert.ok(Number(packed?.bytesAfter) < Number(plain?.bytesAfter) - 300_000, JSON.stringify([plain, packed]));
    await json("put", store, "a", "1");
    assert.equal(markerOf(store), "luge 5,numVersionsToKeep 1,compression lz4");
    await json("delete", store, "a", "--compression", "none");
    assert.equal(markerOf(store), "luge 5,numVersionsToKeep 1,compression none");
    await json("backup", store, "-o", join(directory, "a.backup"));
    await json("restore", copy, join(directory, "a.backup"), "--compression", "lz4");
    assert.equal(markerOf(copy), "luge 5,numVersionsToKeep 1,compression lz4");
    assert.deepEqual(await json("count", copy), [{ count: 1000 }]);
  }));

test("every command prints JSON with --json", () =>
  withDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const store = at("store");
    const [put] = await json("put", store, "a", "1");
    assert.equal(typeof put?.version, "number");
    await json("put", store, "ff", "2", "--keys", "hex", "--ttl", "1h");
    assert.deepEqual(await json("get", store, "a"), [{ key: "a", value: "1", version: put?.version }]);
    assert.deepEqual(await json("scan", store), [
      { key: "a", value: "1" },
      { key: { base64: "/w==" }, value: "2" },
    ]);
    assert.deepEqual(await json("scan", store, "--keys-only", "--keys", "hex"), [{ key: "61" }, { key: "ff" }]);
    assert.deepEqual(await json("count", store), [{ count: 2 }]);
    const [{ writtenAt, writtenBefore, ...version } = {}] = await json("versions", store, "a");
    assert.deepEqual(version, { version: put?.version, deleted: false, value: "1" });
    assert.equal(Number(writtenBefore) - Number(writtenAt), 1000);
    assert.deepEqual(await json("dump", store, "-o", at("a.jsonl")), [{ entries: 2, file: at("a.jsonl") }]);
    const [loaded] = await json("load", at("copy"), at("a.jsonl"));
    assert.deepEqual([loaded?.entries, loaded?.expired], [2, 0]);
    const [watched] = await json("watch", store, "a", "--since", "0", "--no-follow");
    assert.deepEqual(watched, { type: "put", version: put?.version, key: "a", value: "1" });
    const [backup] = await json("backup", store, "-o", at("backup"));
    assert.deepEqual([backup?.from, typeof backup?.to], [0, "number"]);
    const [restored] = await json("restore", at("restored"), at("backup"));
    assert.deepEqual([restored?.version, restored?.entries], [backup?.to, 2]);
    assert.deepEqual(await json("verify", at("restored")), [{ entries: restored?.entries, damages: [] }]);
    const [verified] = await json("verify", at("backup"));
    assert.deepEqual([verified?.to, verified?.entries, verified?.damages], [backup?.to, 2, []]);
    const [stats] = await json("stats", store);
    assert.deepEqual(stats?.keys, { bytes: 2, histogram: [{ from: 1, to: 1, count: 2 }] });
    assert.deepEqual(Object.keys((await json("compact", store))[0] ?? {}), ["bytesBefore", "bytesAfter"]);
    const [bench] = await json("bench", "--entries", "100", "--directory", directory);
    assert.equal(bench?.entries, 100);
    assert.equal((await json("delete", store, "a"))[0]?.deleted, 1);
    const { code, errors } = await runHere(["get", store, "a", "--json"]);
    assert.deepEqual(
      [code, JSON.parse(errors)],
      [1, { error: { code: "NOT_FOUND", message: "The key 'a' is not there" } }],
    );
    assert.equal(
      readdirSync(directory).some((name) => name.startsWith("luge-bench-")),
      false,
    );
  }));

test("commands that read or change need an existing store, and create none", () =>
  withDirectory(async (directory) => {
    const store = join(directory, "missing");
    const commands: string[][] = [
      ["get", store, "a"],
      ["scan", store],
      ["delete", store, "a"],
      ["compact", store],
      ["stats", store],
    ];
    for (const words of commands) {
      const { code, errors } = await runHere(words);
      assert.equal(code, 3, words.join(" "));
      assert.match(errors, /^luge: Cannot open .*missing/);
    }
    assert.deepEqual(readdirSync(directory), []);
  }));

test("damage of a store or a backup exits with 5, and the message says where", () =>
  withDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const store = await open(at("store"));
    for (let i = 0; i < 1000; i++) store.put(`key${i}`, "value".repeat(20));
    await store.compact();
    await store.close();
    assert.equal((await runHere(["backup", at("store"), "-o", at("backup")])).code, 0);
    const flip = (path: string, position: number) => {
      const bytes = readFileSync(path);
      bytes[position] = (bytes[position] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    };
    flip(at("backup"), 1000);
    const ofBackup = await runHere(["verify", at("backup")]);
    assert.equal(ofBackup.code, 5);
    assert.match(ofBackup.errors, /backup.* at byte \d+/);
    assert.equal((await runHere(["restore", at("restored"), at("backup")])).code, 5);
    const [segment = ""] = readdirSync(at("store/bottom"));
    flip(join(at("store/bottom"), segment), 5000);
    const ofStore = await runHere(["verify", at("store")]);
    assert.equal(ofStore.code, 5);
    assert.match(ofStore.output, /1 damage\n {2}bottom\/\S+ at byte \d+: /);
  }));

test("a restore accepts a chain in any order, up to a version, and refuses a gap", () =>
  withDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const store = at("store");
    const versions: number[] = [];
    for (let i = 0; i < 3; i++) {
      await runHere(["put", store, `key${i}`, "value"]);
      const since = i === 0 ? [] : ["--since-file", at(`${i - 1}.gz`)];
      const [made] = await json("backup", store, "-o", at(`${i}.gz`), "--gzip", ...since);
      versions.push(made?.to as number);
    }
    const all = [at("2.gz"), at("0.gz"), at("1.gz")];
    const [, second] = await json("restore", at("earlier"), ...all, "--to", `${versions[1]}`);
    assert.equal(second?.version, versions[1]);
    assert.deepEqual(await json("scan", at("earlier"), "--keys-only"), [{ key: "key0" }, { key: "key1" }]);
    const gap = await runHere(["restore", at("gap"), at("0.gz"), at("2.gz")]);
    assert.equal(gap.code, 2);
    assert.match(gap.errors, /Wrong chain at '.*2\.gz': expected an increment that continues '.*0\.gz', version \d+/);
    const wrong = await runHere(["restore", at("gap"), ...all, "--to", "1000"]);
    assert.equal(wrong.errors, `luge: Wrong version 1000: expected one of ${versions.join(", ")}`);
    assert.equal(existsSync(at("gap")), false);
    writeFileSync(at("cut.gz"), readFileSync(at("0.gz")).subarray(0, 60));
    assert.equal((await runHere(["verify", at("cut.gz")])).code, 5);
  }));

test("an interrupted command exits with 130, and leaves no file", () =>
  withDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const store = await open(at("store"));
    for (let i = 0; i < 5000; i++) store.put(`key${i}`, "value".repeat(20));
    await store.close();
    const interruption = new AbortController();
    const stream = new Writable({
      write: (_piece, _encoding, done) => {
        interruption.abort();
        done();
      },
    });
    const tell: string[] = [];
    const output = new Output(stream);
    const around = { output, tell: (message: string) => tell.push(message), signal: interruption.signal };
    assert.equal(await run(() => ["dump", at("store")], around), 130);
    assert.deepEqual(tell, ["luge: interrupted"]);
    const commands: string[][] = [
      ["backup", at("store"), "-o", at("b")],
      ["dump", at("store"), "-o", at("d")],
    ];
    for (const words of commands) {
      const { code } = await runHere(words, AbortSignal.abort());
      assert.equal(code, 130, words.join(" "));
    }
    assert.deepEqual(readdirSync(directory), ["store"]);
  }));

test("an unfinished output file does not appear, and an existing one stays", () =>
  withDirectory(async (directory) => {
    const file = join(directory, "file");
    const output = new Output(new Writable());
    const half = async (write: (bytes: string) => Promise<void>) => {
      await write("half".repeat(1_000_000));
      throw new Error("no more");
    };
    await assert.rejects(writeWhole(file, { output, force: false }, half), /no more/);
    assert.deepEqual(readdirSync(directory), []);
    await writeWhole(file, { output, force: false }, (write) => write("whole"));
    await assert.rejects(writeWhole(file, { output, force: true }, half), /no more/);
    await assert.rejects(writeWhole(file, { output, force: false }, half), /exists/);
    assert.deepEqual([readdirSync(directory), readFileSync(file, "utf8")], [["file"], "whole"]);
  }));

test("a terminal shows a bar with rate and time left; anything else shows nothing", () => {
  let shown = "";
  const stream = (isTTY: boolean) =>
    Object.assign(
      new Writable({
        write: (piece, _, done) => {
          shown += piece;
          done();
        },
      }),
      { isTTY, columns: 200 },
    ) as unknown as NodeJS.WriteStream;
  const pipe = showProgress("load", "bytes", stream(false));
  pipe.update(10, 100);
  pipe.stop();
  assert.equal(shown, "");
  const terminal = showProgress("load", "bytes", stream(true));
  terminal.update(25_000_000, 100_000_000);
  terminal.stop();
  assert.match(shown, /load █{6}░{18} 25%, 25\.0 MB, .*\/s, .* left/);
});

test("the words of an interactive line are those of a shell", () => {
  assert.deepEqual(wordsOf(`put 'a b' "c \\" d"e  f\\ g '' `), ["put", "a b", 'c " de', "f g", ""]);
  assert.deepEqual(wordsOf("   "), []);
  assert.deepEqual(wordsOf(`a"b c"'d'\\"`), [`ab cd"`]);
  assert.throws(() => wordsOf("put 'a"), /expected a second '/);
  assert.throws(() => wordsOf('put "a'), /expected a second "/);
  assert.throws(() => wordsOf('put "a\\'), /expected a second character after/);
  assert.throws(() => wordsOf("put a\\"), /expected a second character after/);
});

test("values of many MiB are read in every encoding, and as a word of an interactive line", () => {
  const bytes = new Uint8Array(16 * 1024 * 1024).fill(0xfb);
  for (const encoding of ["hex", "base64"] as const) {
    const text = encode(bytes, encoding) ?? "";
    // Compares buffers, because a failed comparison must not print 16 MiB.
    assert.ok(Buffer.from(decode(text, encoding, "value")).equals(bytes), encoding);
    assert.throws(() => decode(`${text.slice(0, -4)}?aaa`, encoding, "value"), /^UsageError: Wrong value .*: expected/);
  }
  const value = `${"x".repeat(8_000_000)}${'\\"'.repeat(2_000_000)}`;
  assert.equal(wordsOf(`put key "${value}"`)[2]?.length, 10_000_000);
});

test("base64 is padded, and hex has two digits a byte", () => {
  for (const wrong of ["YQ", "YQ=", "=", "====", "Y===", "YQ==\n", "Y Q=", "YQ==YQ==", "YQ_-"]) {
    assert.throws(() => decode(wrong, "base64", "value"), /expected base64, padded/, wrong);
  }
  for (const wrong of ["a", "0g", "0x", "aa a", "aa\n"]) {
    assert.throws(() => decode(wrong, "hex", "value"), /expected hex/, wrong);
  }
  assert.deepEqual([...decode("+/8=", "base64", "value"), ...decode("aF", "hex", "value")], [0xfb, 0xff, 0xaf]);
});

test("a file instead of a directory is a clear error, and the help of scan shows the printed escapes", async () => {
  const wrong = await runHere(["count", import.meta.filename]);
  assert.equal(wrong.code, 3);
  assert.match(wrong.errors, /it is a file, not a directory/);
  const { output } = await runHere(["scan", "--help"]);
  assert.match(output, /Text has \\t, \\n,\s+\\r, \\\\ and \\xNN/);
});

test("kv serve names what is wrong, and creates no store", () =>
  withDirectory(async (directory) => {
    delete process.env.DENO_KV_ACCESS_TOKEN;
    const at = (name: string) => join(directory, name);
    writeFileSync(at("short"), "01234567890\n");
    writeFileSync(at("token"), "0123456789ab\n");
    const wrong: [words: string[], code: number, message: string][] = [
      [["serve", at("a")], ExitCode.usage, "The access token is missing: set DENO_KV_ACCESS_TOKEN"],
      [["start", at("a")], ExitCode.usage, "Unknown action 'start': expected serve"],
      [["serve", at("a"), "--token-file", at("none")], ExitCode.usage, "Cannot read the token file"],
      [
        ["serve", at("a"), "--token-file", at("short")],
        ExitCode.usage,
        "Wrong access token: expected at least 12 characters",
      ],
      [["serve", at("a"), "--listen", "4512"], ExitCode.usage, "Wrong address '4512': expected host:port"],
      [["serve", at("a"), "--listen", "localhost:65536"], ExitCode.usage, "Wrong address 'localhost:65536'"],
    ];
    for (const [words, code, message] of wrong) {
      const ended = await runHere(["kv", ...words]);
      assert.deepEqual([ended.code, ended.output], [code, ""], words.join(" "));
      assert.ok(ended.errors.includes(message), ended.errors);
    }
    assert.equal(existsSync(at("a")), false);
    const help = (await runHere(["kv", "--help"])).output;
    assert.match(help.replace(/\s+/g, " "), /--listen <address> .*default: .*127\.0\.0\.1/);
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const busy = await runHere(["kv", "serve", at("b"), "--listen", `127.0.0.1:${port}`, "--token-file", at("token")]);
    server.close();
    assert.equal(busy.code, ExitCode.failed);
    assert.match(busy.errors, new RegExp(`Cannot listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE`));
  }));
