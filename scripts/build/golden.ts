/**
 * Writes the golden stores of this format: directories and backups. Every later release must read them as they are, or
 * refuse them with the name of the release to use. `tests/golden/golden.test.ts` opens and compares them.
 *
 * ```sh
 * node scripts/build.ts golden       # writes the folders in tests/golden/format-… that do not exist
 * ```
 *
 * @module
 */

import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Compression, open, type SledStore } from "../../mod.ts";
import { COMPRESSED_FORMAT_VERSION, FORMAT_VERSION } from "../../src/store_marker.ts";
import { readOptions } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { contentOf } from "./golden_content.ts";

/** The year 2100: an entry that expires then lives as long as anybody runs these tests. */
const YEAR_2100 = 4_102_444_800_000;
/** A commit that comes so much later has a time of its own, in milliseconds. */
const LONGER_THAN_A_SPAN_MS = 1100;
const LONG_KEY = `long/${"k".repeat(60_000)}`;

/** A format of directories, and the setting that gives a store this format. */
interface Format {
  readonly folder: string;
  readonly compression: Compression;
}

const FORMATS: readonly Format[] = [
  { folder: folderOf(FORMAT_VERSION), compression: "none" },
  { folder: folderOf(COMPRESSED_FORMAT_VERSION), compression: "lz4" },
];

function folderOf(version: number): string {
  return join(ROOT, "tests", "golden", `format-${version}`);
}

/** Bytes that do not look like text, always the same. */
function bytesOf(length: number, seed: number): Uint8Array {
  let state = seed + 1;
  return new Uint8Array(length).map(() => {
    state = (state * 1_103_515_245 + 12_345) % 0x7fffffff;
    return state >>> 8;
  });
}

/** The common start of all directories: values of all sizes, expiry, deletions, a batch. */
async function fill(store: SledStore, { compression }: Format): Promise<void> {
  for (let i = 0; i < 200; i++) await store.put(`key/${String(i).padStart(4, "0")}`, bytesOf(i, i));
  await store.batch([
    { type: "put", key: new Uint8Array([0]), value: "first" },
    { type: "put", key: new Uint8Array([0xff, 0xff]), value: new Uint8Array(0) },
    { type: "put", key: "städte/köln", value: "ÄÖÜ" },
  ]);
  await store.put("expiring/2100", "there", { ttl: YEAR_2100 - Date.now() });
  await store.put("expiring/soon", "gone", { ttl: 1 });
  await store.put("large", bytesOf(70_000, 7));
  if (compression !== "none") await fillWithText(store);
  for (let i = 0; i < 200; i += 7) await store.delete(`key/${String(i).padStart(4, "0")}`);
}

/** What gets smaller, in blocks and in the log. */
async function fillWithText(store: SledStore): Promise<void> {
  const text = (length: number) => "A line of text that repeats. ".repeat(length / 29 + 1).slice(0, length);
  for (let i = 0; i < 120; i++) await store.put(`text/${i}`, JSON.stringify({ number: i, name: text(i) }));
  for (const length of [4095, 4096, 100_000]) await store.put(`text/large/${length}`, text(length));
}

async function history(store: SledStore): Promise<void> {
  for (let i = 0; i < 20; i++) await store.put("counter", String(i));
  await store.delete("counter");
  await store.put("counter", "again");
  await store.deleteRange({ gte: "key/0010", lt: "key/0020" });
}

/** The keys whose versions are compared. */
const ASKED = ["counter", "key/0007", "key/0012", "expiring/2100", "expiring/soon", "missing"];

interface Golden {
  readonly numVersionsToKeep: number;
  /**
   * Writes the final content of the directory. `killed` keeps a copy of it, as a crash at that moment would leave it.
   */
  write(store: SledStore, format: Format, killed: (tear?: number) => void): Promise<void>;
}

const DIRECTORIES: { readonly [name: string]: Golden } = {
  /** Data in the table, and more in the log. */
  table: {
    numVersionsToKeep: 1,
    async write(store, format) {
      await fill(store, format);
      await store.compact();
      await history(store);
      await store.put("key/0001", "overwritten");
      await store.close();
    },
  },
  /** Many versions, in the table and in the log. */
  versions: {
    numVersionsToKeep: 100,
    async write(store, format) {
      await fill(store, format);
      await history(store);
      await store.compact();
      await history(store);
      await store.close();
    },
  },
  /** All data in the log, whose end was torn by a crash. */
  killed: {
    numVersionsToKeep: 1,
    async write(store, format, killed) {
      await fill(store, format);
      await store.flush();
      killed(5);
      await store.close();
    },
  },
  /** Operands in the log, of values in the table and of some that are not there. */
  operands: {
    numVersionsToKeep: 3,
    async write(store, format, killed) {
      await fill(store, format);
      await store.compact();
      await store.close();
      const again = await open({ path: store.path });
      await again.append("large", "the end");
      await again.append("key/0012", "and more");
      await again.append("expiring/2100", "!");
      for (let i = 0; i < 5; i++) await again.batch([{ type: "increment", key: "counter", by: BigInt(i) }]);
      await again.transaction((tx) => {
        tx.increment("key/0008", 3);
        tx.max("highest", 7);
        tx.append("large", new Uint8Array(100));
      });
      await again.flush();
      killed(5);
      await again.close();
    },
  },
  /** Times of versions, in the index and in the log. */
  times: {
    numVersionsToKeep: 100,
    async write(store, _format, killed) {
      await history(store);
      await store.compact();
      await delay(LONGER_THAN_A_SPAN_MS);
      await store.put("counter", "later");
      await store.flush();
      killed(5);
      await store.close();
    },
  },
  /** Nodes of the index that do not fit into its file. */
  "long-keys": {
    numVersionsToKeep: 1,
    async write(store) {
      for (let i = 0; i < 8; i++) await store.put(`${LONG_KEY}${i}`, String(i));
      await store.compact();
      await store.close();
    },
  },
  empty: {
    numVersionsToKeep: 1,
    write: (store) => store.close(),
  },
};

async function writeDirectory(
  name: string,
  { numVersionsToKeep, write }: Golden,
  format: Format,
  scratch: string,
): Promise<void> {
  const path = join(scratch, name);
  const to = join(format.folder, name);
  const store = await open({ path, numVersionsToKeep, compression: format.compression });
  let isKilled = false;
  await write(store, format, (tear = 0) => {
    isKilled = true;
    cpSync(path, join(to, "store"), { recursive: true, filter: isKept });
    tearLog(join(to, "store", "log"), tear);
  });
  if (!isKilled) cpSync(path, join(to, "store"), { recursive: true, filter: isKept });
  const copy = join(scratch, `${name}-copy`);
  cpSync(join(to, "store"), copy, { recursive: true });
  await using again = await open({ path: copy, readOnly: true });
  writeContent(join(to, "content.json"), await contentOf(again, ASKED));
}

/** Excludes the owner's socket, and the reserve, because only its size matters. */
function isKept(file: string): boolean {
  return !file.endsWith(".sock") && !basename(file).startsWith("RESERVE");
}

/** Adds the beginning of a record after the last one: as many bytes as reached the disk. */
function tearLog(directory: string, bytes: number): void {
  const newest = join(directory, readdirSync(directory).sort().at(-1) ?? "");
  const content = readFileSync(newest);
  const end = content.findLastIndex((byte) => byte !== 0) + 1;
  content.set(
    bytesOf(bytes, 99).map((byte) => byte | 1),
    end,
  );
  writeFileSync(newest, content);
}

/** Writes a full backup and an increment, and the content after each restore. */
async function writeBackups(format: Format, scratch: string): Promise<void> {
  const { compression } = format;
  const store = await open({ path: join(scratch, "backups"), numVersionsToKeep: 100, compression });
  const folder = join(format.folder, "backups");
  mkdirSync(folder, { recursive: true });
  const keep = async (name: string, since?: number) => {
    const file = join(folder, `${name}.backup`);
    for await (const part of store.backup(since === undefined ? {} : { since })) appendFileSync(file, part);
    writeContent(join(folder, `${name}.json`), await contentOf(store, []));
  };
  await fill(store, format);
  await store.put("between", "full and increment");
  await keep("full");
  const { version = 0 } = (await store.getEntry("between")) ?? {};
  await history(store);
  await keep("increment", version);
  await store.close();
}

function writeContent(file: string, content: unknown): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 1)}\n`);
}

readOptions({});
let written = 0;
for (const format of FORMATS) {
  const scratch = mkdtempSync(join(tmpdir(), "luge-golden-"));
  const isMissing = (name: string) => !existsSync(join(format.folder, name));
  try {
    for (const [name, golden] of Object.entries(DIRECTORIES).filter(([name]) => isMissing(name))) {
      await writeDirectory(name, golden, format, scratch);
      written += 1;
    }
    if (!isMissing("backups")) continue;
    await writeBackups(format, scratch);
    written += 1;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
if (written === 0) throw new Error("All folders exist: every store that was ever written must stay readable");
