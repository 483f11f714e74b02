/**
 * What a call of WASI costs in the host: reads and writes of 100 bytes of a file on the disk, as the engine makes them.
 *
 * ```sh
 * node scripts/measure.ts host-calls     # or bun, or deno run -A
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { Host } from "../../src/host/host.ts";
import { readOptions } from "../lib/options.ts";
import { median } from "../lib/statistics.ts";

readOptions({});
const CALLS = 200_000;
const ROUNDS = 9;

type Call = (...values: (number | bigint)[]) => number;

const path = mkdtempSync(join(tmpdir(), "luge-host-"));
try {
  const host = new Host({ fileSystem: new NodeFileSystem(), path, owned: () => true });
  const memory = new WebAssembly.Memory({ initial: 1 });
  host.start({ memory });
  const calls = host.imports().wasi_snapshot_preview1 as unknown as Record<string, Call>;
  const { path_open: open, fd_pread: read, fd_pwrite: write, fd_filestat_get: stat } = calls;
  if (!open || !read || !write || !stat) throw new Error("The host lacks a call");
  const view = new DataView(memory.buffer);
  new Uint8Array(memory.buffer).set(new TextEncoder().encode("file"), 100);
  view.setUint32(16, 1000, true);
  view.setUint32(20, 100, true);
  // Creates (1) with the right to write (64).
  if (open(3, 0, 100, 4, 1, 64n, 0n, 0, 0) !== 0) throw new Error("Cannot open the file");
  const fd = view.getUint32(0, true);
  write(fd, 16, 1, 0n, 8);
  const timed = (call: () => number) => {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      for (let i = 0; i < CALLS; i++) if (call() !== 0) throw new Error("A call failed");
      rounds.push(((performance.now() - began) / CALLS) * 1e6);
    }
    return `${median(rounds).toFixed(0)} ns`;
  };
  console.log(`fd_pread ${timed(() => read(fd, 16, 1, 0n, 8))}`);
  console.log(`fd_filestat_get ${timed(() => stat(fd, 400))}`);
  host.abandon();
} finally {
  rmSync(path, { recursive: true });
}
