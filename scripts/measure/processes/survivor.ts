/**
 * One process of the measurement of failovers: writes one value after the other, says when it becomes the owner, and how
 * many calls it made and how long the longest one took since it was last asked.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { open } from "../../../mod.ts";
import { VALUE } from "./work.ts";

const [path = "", name = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
const store = await open({ path, shared: true });

let [calls, longestMs, isEnding, isOwner] = [0, 0, false, false];
createInterface({ input: process.stdin })
  .on("line", () => {
    say(`calls ${calls} ${longestMs}`);
    longestMs = 0;
  })
  .on("close", () => {
    isEnding = true;
  });
say("ready");
while (!isEnding) {
  const started = performance.now();
  await store.put(name, VALUE);
  longestMs = Math.max(longestMs, performance.now() - started);
  calls += 1;
  if (isOwner !== (store.role === "owner")) {
    isOwner = !isOwner;
    if (isOwner) say("owner");
  }
  // Leaves the processor to the others.
  await new Promise((resolve) => setTimeout(resolve, 1));
}
await store.close();
