/**
 * Values of 64 KiB: how often they are written to the disk, and how fast they are read from the page cache.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { open } from "../../../mod.ts";
import { keyOf, valuesOf } from "../../bench/data.ts";

const VALUE_BYTES = 64 * 1024;
const ENTRIES = 8000;

/** Prints both results. */
export async function measureLarge(directory: string): Promise<void> {
  const values = valuesOf(VALUE_BYTES, 64);
  const before = writtenBytes();
  {
    await using store = await open({ path: directory, syncWrites: false });
    for (let i = 0; i < ENTRIES; i++) await store.put(keyOf(i), values[i % values.length] as Uint8Array);
    await store.flush();
    const { logWrittenBytes, blockWrittenBytes, putBytes } = store.metrics();
    console.log(
      `written by the engine: ${((logWrittenBytes + blockWrittenBytes) / putBytes).toFixed(3)} of the bytes put`,
    );
  }
  const written = writtenBytes() - before;
  console.log(
    `written by the process, with its close: ${(written / (ENTRIES * VALUE_BYTES)).toFixed(3)} of the bytes put`,
  );
  await using store = await open(directory);
  for (const round of [1, 2, 3]) {
    const started = performance.now();
    let bytes = 0;
    for (let i = 0; i < ENTRIES; i++) bytes += store.getSync(keyOf(i))?.length ?? 0;
    if (bytes !== ENTRIES * VALUE_BYTES) throw new Error(`Read ${bytes} bytes`);
    console.log(`read, round ${round}: ${(bytes / 1e6 / (performance.now() - started)).toFixed(2)} GB/s`);
  }
}

/** Linux counts the bytes that a process passes to its write calls. */
function writtenBytes(): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}
