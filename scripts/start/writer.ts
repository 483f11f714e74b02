/**
 * The child process that `npm start` kills. It puts one durable entry after another and prints the number of each
 * acknowledged one.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { open } from "../../mod.ts";

const STANDARD_OUTPUT = 1;

const store = await open(process.argv[2] ?? "");
for (let i = 0; ; i++) {
  await store.put(`written/${i}`, `${i}`);
  writeSync(STANDARD_OUTPUT, `${i}\n`);
}
