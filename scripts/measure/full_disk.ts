/**
 * Tests a real full disk; needs root. It fills a tmpfs, and then frees space with the calls that a store allows there.
 *
 *     node scripts/measure.ts full-disk [--megabytes 16] [--value 3000] [--buffer 1]
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, type SledStore } from "../../mod.ts";
import { count, readOptions } from "../lib/options.ts";

const MIB = 1024 * 1024;
const {
  megabytes,
  value: valueBytes,
  buffer,
} = readOptions({
  megabytes: count("MiB of the disk", 16),
  value: count("bytes of a value", 3000),
  buffer: count("MiB of the write buffer", 1),
});
const writeBufferSize = buffer * MIB;

const directory = mkdtempSync(join(tmpdir(), "luge-full-"));
const path = join(directory, "store");
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const opened = () => open({ path, writeBufferSize, logger: silent });
const keyOf = (index: number) => `key${String(index).padStart(7, "0")}`;

function say(what: string): void {
  const { bavail, bsize } = statfsSync(directory);
  const reserve = statSync(join(path, "RESERVE"), { throwIfNoEntry: false })?.size ?? 0;
  const [free, kept] = [bavail * bsize, reserve].map((bytes) => String(Math.round(bytes / 1024)).padStart(6));
  console.log(`${what.padEnd(44)} free ${free} KiB   reserve ${kept} KiB`);
}

const outcome = (promise: Promise<unknown>) => promise.then(String, (error) => `${error.code}: ${error.message}`);

async function fill(): Promise<number> {
  const store = await opened();
  for (let count = 0; ; count += 50) {
    const puts = Array.from({ length: 50 }, (_, i) => store.put(keyOf(count + i), new Uint8Array(valueBytes)));
    if ((await Promise.allSettled(puts)).every(({ status }) => status === "fulfilled")) continue;
    await store.close().catch(() => {});
    return count;
  }
}

async function lived(run: (store: SledStore) => Promise<void>): Promise<void> {
  const store = await opened();
  await run(store);
  await store.close();
}

async function measure(): Promise<void> {
  for (let round = 1; round <= 2; round++) {
    say(`round ${round}: filled with ${await fill()} values`);
    for (let i = 0; i < 5; i++) {
      let said = "";
      await lived(async (store) => {
        said = await outcome(store.put("more", "value"));
      });
      if (i === 0) console.log(`  put: ${said}`);
    }
    say("  opened five times, each with a put");
    await lived(async (store) => {
      await store.delete(keyOf(1));
      say("  one key deleted");
      const deleted = await store.deleteRange({});
      say(`  deleteRange of ${deleted}`);
      await store.compact();
      say("  compact");
      await store.put("more", "value");
      say("  put");
    });
  }
}

execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", directory]);
try {
  await measure();
} finally {
  execFileSync("umount", ["--lazy", directory]);
  rmdirSync(directory);
}
