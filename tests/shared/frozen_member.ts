/**
 * A process that shares a store and can be stopped: counts up its own counter for as long as its input is open, and says
 * what it is and how far it came. The test tells it by lines what else to do:
 *
 * - `busy 3000`: works for 3 s without letting the event loop turn, and says `worked`;
 * - `stop index`, `stop log`: stops itself between the look at its lock and its next write to such a file. It says the
 *   inode of the file before that, and `wrote` with the inode after it. On Node only;
 * - `die`, `halt`: kills or stops itself before it gives a file of the index another inode. On Node only.
 *
 * A third argument is such a line, for the time before the store is open.
 *
 * @module
 */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";

const [path = "", name = "", first = ""] = process.argv.slice(2);

/** The part of the store's path whose next write stops the process. */
let stopsAt: string | undefined;
/** The signal that comes instead of the next new inode. */
let signal: NodeJS.Signals | undefined;
const { writeSync, renameSync } = fs;

/** Says a line at once. The pipe may be full while the test does not listen. */
function say(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

function nameOf(fd: number): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

if (!("Bun" in globalThis || "Deno" in globalThis)) {
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
    const [fd] = args;
    if (stopsAt === undefined || !nameOf(fd).startsWith(`${path}/${stopsAt}`)) return writeSync(...args);
    stopsAt = undefined;
    const file = nameOf(fd).slice(path.length + 1);
    say(`stops ${file} ${fs.fstatSync(fd).ino}`);
    process.kill(process.pid, "SIGSTOP");
    const count = writeSync(...args);
    say(`wrote ${file} ${fs.fstatSync(fd).ino}`);
    return count;
  }) as typeof writeSync;
  fs.renameSync = (from, to) => {
    const isRenewed = signal !== undefined && String(to).includes("/index/");
    if (isRenewed) {
      const sent = signal as NodeJS.Signals;
      signal = undefined;
      say("renews");
      process.kill(process.pid, sent);
    }
    try {
      renameSync(from, to);
    } catch (error) {
      if (isRenewed) say(`refused ${(error as NodeJS.ErrnoException).code}`);
      throw error;
    }
  };
  syncBuiltinESMExports();
}

const { open } = await import("../../mod.ts");
const { float64Codec } = await import("../../src/codecs/mod.ts");

function obey(line: string): void {
  const [word, rest = ""] = line.split(" ", 2);
  if (word === "stop") stopsAt = `${rest}/`;
  if (word === "die") signal = "SIGKILL";
  if (word === "halt") signal = "SIGSTOP";
  if (word !== "busy") return;
  const end = performance.now() + Number(rest);
  while (performance.now() < end);
  say("worked");
}

let isOver = false;
obey(first);
const input = createInterface({ input: process.stdin });
input.on("line", obey);
input.on("close", () => {
  isOver = true;
});

const store = await open({ path, shared: true, writeBufferSize: 256 * 1024 });
const counter = `count/${name}`;
const read = async () => {
  const bytes = await store.get(counter);
  return bytes ? float64Codec.decode(bytes) : 0;
};
let role = "";
let at = await read();
while (!isOver) {
  try {
    const value = await store.increment(counter);
    at += 1;
    if (value !== at) say(`wrong: ${value} instead of ${at}`);
    // Fills the memtable, so that the index is written.
    await store.put(`load/${name}/${at % 500}`, new Uint8Array(1000).fill(at));
  } catch (error) {
    // A write of an owner that stood still: it may be done or not.
    const { code } = error as { code?: string };
    if (code !== "LOCK_LOST" && code !== "STORE_FAILED") throw error;
    const value = await read();
    if (value !== at && value !== at + 1) say(`wrong: ${value} after ${at}`);
    say(`lost ${at} ${value}`);
    at = value;
  }
  if (store.role !== role) {
    role = store.role;
    say(`role ${role}`);
  }
  say(`at ${at}`);
}
await store.close();
say("closed");
process.exit();
