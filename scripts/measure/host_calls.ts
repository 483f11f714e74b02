/**
 * Measures WASI calls in the host: reads of 100 bytes of a file on disk, and stats of it, as the engine makes them.
 * With `--before` it also measures another source tree, in turns. Each tree runs twice in a round, so that its
 * difference from itself shows the noise.
 *
 * ```sh
 * node scripts/measure.ts host-calls     # or bun, or deno run -A
 * node scripts/measure.ts host-calls --before OTHER/src
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { maybe, readOptions } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { median } from "../lib/statistics.ts";

const { before } = readOptions({ before: maybe("the source folder of another tree", "folder") });
const CALLS = 50_000;
const ROUNDS = 31;

type Call = (...values: (number | bigint)[]) => number;

/** The calls of one source tree. */
interface Subject {
  readonly calls: Record<string, () => number>;
  close(): void;
}

async function start(source: string, path: string): Promise<Subject> {
  const load = async (file: string) => await import(pathToFileURL(join(source, file)).href);
  const { NodeFileSystem } = (await load("fs/node.ts")) as typeof import("../../src/fs/node.ts");
  const { Host } = (await load("host/host.ts")) as typeof import("../../src/host/host.ts");
  const host = new Host({ fileSystem: new NodeFileSystem(), path, owned: () => true });
  const memory = new WebAssembly.Memory({ initial: 1 });
  host.start({ memory });
  const imports = host.imports().wasi_snapshot_preview1 as unknown as Record<string, Call>;
  const { path_open: open, fd_pread: read, fd_pwrite: write, fd_filestat_get: stat } = imports;
  if (!open || !read || !write || !stat) throw new Error("The host lacks a call");
  const view = new DataView(memory.buffer);
  new Uint8Array(memory.buffer).set(new TextEncoder().encode("file"), 100);
  view.setUint32(16, 1000, true);
  view.setUint32(20, 100, true);
  // Creates the file (1) with the right to write (64).
  if (open(3, 0, 100, 4, 1, 64n, 0n, 0, 0) !== 0) throw new Error("Cannot open the file");
  const fd = view.getUint32(0, true);
  write(fd, 16, 1, 0n, 8);
  return {
    calls: { fd_pread: () => read(fd, 16, 1, 0n, 8), fd_filestat_get: () => stat(fd, 400) },
    close: () => host.abandon(),
  };
}

/** The nanoseconds of one call. */
function timed(call: () => number): number {
  const began = performance.now();
  for (let i = 0; i < CALLS; i++) if (call() !== 0) throw new Error("A call failed");
  return ((performance.now() - began) / CALLS) * 1e6;
}

const path = mkdtempSync(join(tmpdir(), "luge-host-"));
try {
  const own = join(ROOT, "src");
  const sources = before === undefined ? { now: own } : { before, again: before, now: own };
  const subjects = new Map<string, Subject>();
  for (const [name, source] of Object.entries(sources)) subjects.set(name, await start(resolve(source), path));
  const rows: Record<string, Record<string, number>> = {};
  for (const call of ["fd_pread", "fd_filestat_get"]) {
    const rounds: Record<string, number[]> = {};
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [name, { calls }] of subjects) {
        const ns = timed(calls[call] as () => number);
        if (round > 0) rounds[name] = [...(rounds[name] ?? []), ns];
      }
    }
    const middle = (name: string) => median(rounds[name] ?? []);
    const pairs = before === undefined ? {} : { before: middle("before"), ratio: middle("now") / middle("before") };
    const noise = before === undefined ? {} : { "A against A": middle("again") / middle("before") };
    rows[call] = { now: middle("now"), ...pairs, ...noise };
  }
  for (const row of Object.values(rows)) {
    for (const [name, value] of Object.entries(row)) row[name] = Number(value.toFixed(value < 10 ? 3 : 0));
  }
  console.table(rows);
  for (const { close } of subjects.values()) close();
} finally {
  rmSync(path, { recursive: true });
}
