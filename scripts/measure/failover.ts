/**
 * How long a call takes that begins before the owner of a shared store is killed: the longest call of each process that
 * is left, from before the kill until all of them have written again under the next owner.
 *
 * ```sh
 * node scripts/measure.ts failover [--kills 50] [--processes 4] [--runtime node]
 * ```
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { STORES } from "../bench/places.ts";
import { count, readOptions, text } from "../lib/options.ts";
import { launcher, ROOT, type Runtime } from "../lib/runtimes.ts";
import { median } from "../lib/statistics.ts";

const values = readOptions({
  kills: count("how many owners are killed", 50),
  processes: count("how many processes share the store", 4),
  runtime: text("the runtime of the processes", "node"),
});

const PROGRAM = join(ROOT, "scripts", "measure", "processes", "survivor.ts");
mkdirSync(STORES, { recursive: true });
const folder = mkdtempSync(join(STORES, "failover-"));

/** A process, and what it said. */
class Survivor {
  readonly child: ChildProcess;
  readonly closed: Promise<unknown>;
  isOwner = false;
  readonly #lines: string[] = [];
  #heard = () => {};

  constructor(name: string) {
    const [program, args] = launcher(values.runtime as Runtime);
    this.child = spawn(program, [...args, PROGRAM, join(folder, "store"), name], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.closed = once(this.child, "close");
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      if (line === "owner") this.isOwner = true;
      this.#lines.push(line);
      this.#heard();
    });
  }

  /** Settles with the first line that begins with the word, and forgets those before it. */
  async said(word: string): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line?.startsWith(word)) return line;
      if (line !== undefined) continue;
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** How many calls it has made, and the longest one since the last time, in milliseconds. */
  async calls(): Promise<{ readonly count: number; readonly longestMs: number }> {
    this.child.stdin?.write("\n");
    const [, count, longestMs] = (await this.said("calls")).split(" ");
    return { count: Number(count), longestMs: Number(longestMs) };
  }
}

const members: Survivor[] = [];
let number = 0;
const add = async () => {
  const member = new Survivor(`member-${number++}`);
  members.push(member);
  await member.said("ready");
};
const ownerOf = async (): Promise<Survivor> => {
  for (;;) {
    const owner = members.find(({ isOwner }) => isOwner);
    if (owner) return owner;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

/** Until calls that began after the kill are done: then the call that met the kill is done, too. */
async function longestCallOf(member: Survivor): Promise<number> {
  let { count, longestMs } = await member.calls();
  for (const first = count; count < first + 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const next = await member.calls();
    count = next.count;
    longestMs = Math.max(longestMs, next.longestMs);
  }
  return longestMs;
}

while (members.length < values.processes) await add();
const longest: number[] = [];
for (let kill = 0; kill < values.kills; kill++) {
  const owner = await ownerOf();
  members.splice(members.indexOf(owner), 1);
  for (const member of members) await member.calls();
  owner.child.kill("SIGKILL");
  await owner.closed;
  longest.push(...(await Promise.all(members.map(longestCallOf))));
  await add();
}
for (const { child } of members) child.stdin?.end();
await Promise.all(members.map(({ closed }) => closed));
console.log(
  `${values.kills} owners killed, ${values.processes} processes on ${values.runtime}: the longest call of the others took ` +
    `${median(longest).toFixed(0)} ms in the median, ${Math.max(...longest).toFixed(0)} ms at most`,
);
rmSync(folder, { recursive: true, force: true });
