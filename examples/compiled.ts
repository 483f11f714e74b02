/**
 * A program that becomes one executable, engine included: a notebook on the command line.
 *
 * ```sh
 * bun build --compile examples/compiled.ts --outfile dist/notebook
 * dist/notebook data/notes "buy milk"
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import process from "node:process";
import { open } from "../mod.ts";

const [path, note] = process.argv.slice(2);
if (path === undefined) throw new Error("Usage: notebook DIRECTORY [NOTE]");

await using store = await open(path);
if (note !== undefined) await store.put(`note/${new Date().toISOString()}`, note);
for (const [key, value] of await store.scan("note/")) {
  console.log(`${key.slice("note/".length)}  ${new TextDecoder().decode(value)}`);
}
