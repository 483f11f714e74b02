/**
 * Compares the size of the files with their live data, while values of 10 bytes to 16 MiB are put, overwritten and
 * deleted, without `compact()`. Also measures the next open of a copy of the directory, as after a kill: how long it
 * takes and how many bytes it reads.
 *
 * ```sh
 * node scripts/measure.ts files-against-live [--seconds 600] [--keys 400] [--seed 1]
 * ```
 *
 * `maxOver3LiveMiB` is the most by which the files were above three times the live data. If that is more than 256 MiB,
 * `overMaxMs` is for how long. The mix changes every few seconds: all sizes, small values over large ones, deletions of
 * nearly all entries, one key again and again.
 *
 * @module
 */

import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileOpenOptions, NodeFileSystem, type OpenFile, open } from "../../mod.ts";
import { amount, count, natural, readOptions } from "../lib/options.ts";
import { randomNumbers } from "../lib/random.ts";

const {
  seconds: SECONDS,
  keys: KEYS,
  seed: SEED,
} = readOptions({
  seconds: amount("how long it writes", 600),
  keys: count("how many keys", 400),
  seed: natural("the seed of everything random", 1),
});
const MiB = 2 ** 20;
/**
 * For each mix: the shortest value, how many doublings longer the longest is, the share of deletions, and the number of
 * keys.
 */
const MIXES = {
  "all sizes": { from: 10, doublings: 20.7, deletions: 0.2, keys: KEYS },
  "deletions of nearly all": { from: 10, doublings: 10, deletions: 0.97, keys: KEYS },
  "1 MiB to 16 MiB": { from: MiB, doublings: 4, deletions: 0.1, keys: KEYS / 8 },
  "10 bytes over them": { from: 10, doublings: 0, deletions: 0, keys: KEYS },
  "one key": { from: MiB, doublings: 0, deletions: 0, keys: 1 },
  "4 KiB to 64 KiB": { from: 4096, doublings: 4, deletions: 0.2, keys: KEYS * 8 },
} as const;
/** How much the files may have above three times the live data; see "Limits" in ARCHITECTURE.md. */
const CONSTANT = 256 * MiB;

const random = randomNumbers(SEED);

/** Bytes of all files below a directory. A file that is removed meanwhile counts as 0. */
function bytesOf(directory: string): number {
  let sum = 0;
  for (const { name, parentPath } of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const found = statSync(join(parentPath, name), { throwIfNoEntry: false });
    if (found?.isFile()) sum += found.size;
  }
  return sum;
}

const root = mkdtempSync(join(tmpdir(), "luge-files-"));
const path = join(root, "store");
const copy = join(root, "copy");

/** The runtime's disk, which counts the bytes read. */
class CountingFileSystem extends NodeFileSystem {
  readBytes = 0;

  override open(path: string, options: FileOpenOptions): OpenFile {
    const file = super.open(path, options);
    const read = file.read.bind(file);
    file.read = (buffer, position) => {
      const count = read(buffer, position);
      this.readBytes += count;
      return count;
    };
    return file;
  }
}

/** Opens a copy of the present files, as after a kill. */
async function openCopy(): Promise<{ ms: number; readBytes: number }> {
  cpSync(path, copy, { recursive: true, filter: (name) => !/LOCK|sock$/.test(name) });
  const fileSystem = new CountingFileSystem();
  const started = performance.now();
  const opened = await open({ path: copy, fileSystem });
  const result = { ms: performance.now() - started, readBytes: fileSystem.readBytes };
  await opened.close();
  rmSync(copy, { recursive: true });
  return result;
}

/** Waits until the files are small. Returns how long that took. A file is removed only after the syncs before it. */
async function untilSmall(): Promise<number> {
  const started = performance.now();
  while (bytesOf(path) > 3 * live + CONSTANT) {
    if (performance.now() - started > 60_000)
      throw new Error(`The files stay at ${bytesOf(path)} bytes for ${live} of live data`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return performance.now() - started;
}

const rows: Record<string, Record<string, number>> = {};
const lives = new Map<string, number>();
let live = 0;
let put = 0;
try {
  await using store = await open({ path, syncWrites: false });
  const bytes = new Uint8Array(16 * MiB + 1024);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7 + (i >>> 9);
  const end = performance.now() + SECONDS * 1000;
  const mixes = Object.entries(MIXES);
  for (let round = 0; performance.now() < end; round++) {
    const [name, { from, doublings, deletions, keys }] = mixes[round % mixes.length] as (typeof mixes)[number];
    const row = rows[name] ?? {
      samples: 0,
      maxFilesMiB: 0,
      liveThenMiB: 0,
      maxOver3LiveMiB: 0,
      overMaxMs: 0,
      opens: 0,
      openMaxMs: 0,
      openMaxReadMiB: 0,
    };
    rows[name] = row;
    const roundEnd = Math.min(end, performance.now() + Math.max(2000, (SECONDS * 1000) / 30));
    while (performance.now() < roundEnd) {
      for (let i = 0; i < 20; i++) {
        const key = `key${Math.floor(random() * keys)}`;
        const size = Math.floor(from * 2 ** (random() * doublings));
        live -= lives.get(key) ?? 0;
        if (random() < deletions) {
          lives.delete(key);
          await store.delete(key);
        } else {
          lives.set(key, size + key.length);
          live += size + key.length;
          put += size;
          await store.put(key, bytes.subarray(0, size));
        }
      }
      const files = bytesOf(path);
      row.samples = (row.samples ?? 0) + 1;
      if (files > (row.maxFilesMiB ?? 0)) [row.maxFilesMiB, row.liveThenMiB] = [files, live];
      row.maxOver3LiveMiB = Math.max(row.maxOver3LiveMiB ?? 0, files - 3 * live);
      if (files > 3 * live + CONSTANT) row.overMaxMs = Math.max(row.overMaxMs ?? 0, await untilSmall());
    }
    const { ms, readBytes } = await openCopy();
    row.opens = (row.opens ?? 0) + 1;
    row.openMaxMs = Math.max(row.openMaxMs ?? 0, ms);
    row.openMaxReadMiB = Math.max(row.openMaxReadMiB ?? 0, readBytes);
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
for (const row of Object.values(rows)) {
  for (const [name, value] of Object.entries(row)) row[name] = Math.round(name.endsWith("MiB") ? value / MiB : value);
}
console.table(rows);
console.log(`${Math.round(put / MiB)} MiB put`);
