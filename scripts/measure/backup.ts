/**
 * Compares backup and restore with `cp` of the same directory, lmdb-js and better-sqlite3. All run one after the other,
 * each in a separate process. Also measures the memory of a backup.
 *
 * ```sh
 * node scripts/measure.ts backup [--megabytes 1000] [--value 1000]
 * ```
 *
 * The peers are those of `scripts/bench.ts`, which installs them.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { open } from "../../mod.ts";
import { prepare } from "../bench/install.ts";
import { peerModule, STORES } from "../bench/places.ts";
import { count, hidden, readOptions } from "../lib/options.ts";
import { fillScattered } from "../lib/random.ts";

const values = readOptions({
  megabytes: count("MB of all values", 1000),
  value: count("bytes of a value", 1000),
  trial: hidden(),
});
const [bytes, valueBytes] = [values.megabytes * 1_000_000, values.value];
const entries = Math.ceil(bytes / valueBytes);
const directory = join(STORES, "backup");
const at = (name: string) => join(directory, name);

interface Measured {
  readonly seconds: number;
  /** The highest memory of the process, minus the memory at its start. */
  readonly mebibytes?: number;
  /** The part of it that the engine uses: its caches, which fill up to `cacheSize`. */
  readonly engineMebibytes?: number;
}

interface Lmdb {
  put(key: string, value: Uint8Array): Promise<boolean>;
  readonly flushed: Promise<unknown>;
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}

interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): { run(...values: unknown[]): void };
  backup(path: string): Promise<unknown>;
  close(): void;
}

const keyOf = (i: number) => `key ${String(i).padStart(12, "0")}`;

/** Values that do not compress. */
function valueAt(i: number): Uint8Array {
  return fillScattered(new Uint8Array(valueBytes), i + 1);
}

const openLmdb = (): Lmdb => {
  const options = { path: at("lmdb"), encoding: "binary", compression: false };
  return peerModule<{ open(options: unknown): Lmdb }>("lmdb").open(options);
};
const openSqlite = (): Sqlite => new (peerModule<new (path: string) => Sqlite>("better-sqlite3"))(at("sqlite"));

async function timed(work: () => unknown): Promise<Measured> {
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  clearInterval(sampling);
  return { seconds, mebibytes: (Math.max(most, process.memoryUsage.rss()) - before) / 1024 / 1024 };
}

const TRIALS: Readonly<Record<string, () => Promise<Measured>>> = {
  "fill luge": async () => {
    await using store = await open({ path: at("luge"), syncWrites: false });
    return await timed(async () => {
      for (let i = 0; i < entries; i++) {
        store.put(keyOf(i), valueAt(i));
        if (i % 1000 === 0) await store.flush();
      }
      await store.flush();
    });
  },
  "luge backup to a file": async () => {
    await using store = await open(at("luge"));
    const before = store.metrics().memoryBytes;
    const measured = await timed(() => pipeline(store.backup(), createWriteStream(at("backup"))));
    return { ...measured, engineMebibytes: (store.metrics().memoryBytes - before) / 1024 / 1024 };
  },
  "luge restore from a file": async () => {
    await using store = await open(at("restored"));
    const stream = Readable.toWeb(createReadStream(at("backup"), { highWaterMark: 256 * 1024 }));
    return await timed(() => store.restore(stream as ReadableStream<Uint8Array>));
  },
  "luge fork": async () => {
    await using store = await open(at("luge"));
    return await timed(() => store.fork(at("forked")));
  },
  "luge backupTo": async () => {
    await using store = await open(at("luge"));
    return await timed(() => store.backupTo(at("copied")));
  },
  "cp of luge's directory, and sync": async () =>
    await timed(() => execFileSync("sh", ["-c", 'cp -r "$0" "$1" && sync "$1"', at("luge"), at("cp")])),
  "fill lmdb": async () => {
    const database = openLmdb();
    const measured = await timed(async () => {
      for (let i = 0; i < entries; i++) {
        const put = database.put(keyOf(i), valueAt(i));
        if (i % 1000 === 0) await put;
      }
      await database.flushed;
    });
    await database.close();
    return measured;
  },
  "lmdb-js backup": async () => {
    const database = openLmdb();
    mkdirSync(at("lmdb backup"));
    const measured = await timed(() => database.backup(at("lmdb backup")));
    await database.close();
    return measured;
  },
  "fill sqlite": async () => {
    const database = openSqlite();
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
    const put = database.prepare("INSERT INTO entries VALUES (?, ?)");
    const measured = await timed(() => {
      for (let i = 0; i < entries; i += 1000) {
        database.exec("BEGIN");
        for (let j = i; j < Math.min(entries, i + 1000); j++) put.run(keyOf(j), valueAt(j));
        database.exec("COMMIT");
      }
    });
    database.close();
    return measured;
  },
  "better-sqlite3 backup": async () => {
    const database = openSqlite();
    const measured = await timed(() => database.backup(at("sqlite backup")));
    database.close();
    return measured;
  },
};

async function runTrial(name: string): Promise<void> {
  const trial = TRIALS[name];
  if (!trial) throw new RangeError(`Unknown trial '${name}': expected one of ${Object.keys(TRIALS).join(", ")}`);
  console.log(JSON.stringify(await trial()));
}

async function runAll(): Promise<void> {
  await prepare();
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const rows: Record<string, unknown> = {};
  for (const name of Object.keys(TRIALS)) {
    const args = ["--megabytes", `${values.megabytes}`, "--value", `${values.value}`, "--trial", name];
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: "utf8" });
    const { seconds, mebibytes = 0, engineMebibytes } = JSON.parse(output) as Measured;
    rows[name] = {
      "MB/s": Math.round(bytes / 1e6 / seconds),
      seconds: seconds.toFixed(2),
      "MiB above the start": Math.round(mebibytes),
      ...(engineMebibytes === undefined ? {} : { "of it the engine": Math.round(engineMebibytes) }),
    };
  }
  console.table(rows);
  rmSync(directory, { recursive: true, force: true });
}

if (values.trial === undefined) await runAll();
else await runTrial(values.trial);
