/**
 * Puts per second with no, 1, 300 and 1,000 waiting watches of other ranges: on both stores, with syncs and without.
 *
 * ```sh
 * node scripts/measure.ts watchers [--puts 20000]
 * node scripts/measure.ts watchers --module OTHER/mod.ts    # another build of luge, to compare with
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type * as Luge from "../../mod.ts";
import { count, readOptions, text } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";

const values = readOptions({
  puts: count("how many puts", 20_000),
  module: text("the module to measure", join(ROOT, "mod.ts"), "file"),
});
const PUTS = values.puts;
const WATCHES = [0, 1, 300, 1000];
/** The time limit of one measurement. */
const LIMIT_MS = 5000;
const { MemoryStore, open } = (await import(pathToFileURL(resolve(values.module)).href)) as typeof Luge;

const path = mkdtempSync(join(tmpdir(), "luge-watchers-"));
const STORES: Readonly<Record<string, (name: string) => Promise<Luge.Store>>> = {
  MemoryStore: async () => new MemoryStore(),
  "SledStore, syncWrites: false": (name) => open({ path: join(path, name), syncWrites: false }),
};

/** A watch that delivers nothing until the store is closed. */
async function watch(store: Luge.Store, prefix: string): Promise<void> {
  for await (const { key } of store.watch({ prefix })) throw new Error(`nobody wrote ${key}`);
}

/** Each put is awaited, so each is delivered alone. */
async function putsASecond(store: Luge.Store, puts: number): Promise<number> {
  const value = new Uint8Array(100);
  const started = performance.now();
  let done = 0;
  for (; done < puts && performance.now() - started < LIMIT_MS; done++) await store.put(`orders/${done}`, value);
  return Math.round(done / ((performance.now() - started) / 1000));
}

const rows: Record<string, Record<string, number>> = {};
try {
  for (const [name, openStore] of Object.entries(STORES)) {
    rows[name] = {};
    for (const count of WATCHES) {
      const store = await openStore(`${count}`);
      const watching = Array.from({ length: count }, (_, i) => watch(store, `users/${i}/`));
      await setImmediate();
      await putsASecond(store, PUTS / 10);
      rows[name][`${count} watches`] = await putsASecond(store, PUTS);
      await store.close();
      await Promise.all(watching);
    }
  }
} finally {
  rmSync(path, { recursive: true, force: true });
}
console.log(`${process.release.name} ${process.version}, puts per second`);
console.table(rows);
