/**
 * Kills a process in the middle of its writes, and counts the acknowledged ones.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";

const WRITER = new URL("./writer.ts", import.meta.url).pathname;

/** Starts a writer on the store at `path`. Kills it after `count` acknowledgements. Returns how many it had made. */
export async function killWriter(path: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let acknowledged = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (Number(line) !== acknowledged) throw new Error(`The writer acknowledged ${line}, expected ${acknowledged}`);
    acknowledged += 1;
    if (acknowledged === count) child.kill("SIGKILL");
  }
  const [, signal] = await exited;
  if (signal !== "SIGKILL") throw new Error("The writer ended by itself");
  return acknowledged;
}
