/**
 * A process that shares a store: counts up its own counter, and says what it is and how far it came. The test reads its
 * lines, kills it, or lets it end.
 *
 * @module
 */

import process from "node:process";
import { open } from "../../mod.ts";

const [path = "", name = "", count = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

const store = await open({ path, shared: true, writeBufferSize: 256 * 1024 });
let role = "";
let longestMs = 0;
for (let i = 1; i <= Number(count); i++) {
  const started = performance.now();
  const value = await store.increment(`count/${name}`);
  longestMs = Math.max(longestMs, performance.now() - started);
  if (value !== i) say(`wrong ${value} instead of ${i}`);
  if (store.role !== role) {
    role = store.role;
    say(`role ${role}`);
  }
  say(`at ${i}`);
}
say(`done ${longestMs.toFixed(1)}`);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once("end", resolve));
await store.close();
