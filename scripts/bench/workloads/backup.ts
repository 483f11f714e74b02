/**
 * Copies an open store to a directory and back from there, and as one stream.
 *
 * @module
 */

import { createReadStream, rmSync } from "node:fs";
import { mkdtemp, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { Subject } from "../contract.ts";
import { keyOf } from "../data.ts";
import { type Bench, type Outcome, secondsOf, type Workload, withSubject } from "../workload.ts";

/** Bytes of a key and its value. */
const ENTRY_BYTES = 112;
const STREAM = "stream";
const READ_BYTES = 256 * 1024;

type Copying = (bench: Bench, directory: string) => Promise<Outcome | undefined>;

function copying(name: string, title: string, entries: readonly [number, number], copy: Copying): Workload {
  return {
    name: `${name}-${entries[0]}`,
    title,
    guarantee: "buffered",
    reads: true,
    kinds: ["store"],
    entries,
    async run(bench) {
      const directory = await mkdtemp(join(dirname(bench.directory), `${basename(bench.directory)}-copies-`));
      try {
        return await copy(bench, directory);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

function outcomeOf({ entries }: Bench, seconds: number): Outcome {
  return { operations: entries, seconds, figures: { megabytesPerSecond: (entries * ENTRY_BYTES) / 1e6 / seconds } };
}

/** Reads one value, as a user of the copy would. */
async function lookInto({ getSync, get }: Subject, { entries }: Bench): Promise<void> {
  const key = keyOf(Math.floor(entries / 2));
  const value = getSync ? getSync(key) : await get?.(key);
  if (value?.length !== 100) throw new Error(`A value of 100 bytes was copied, and ${value?.length} were read`);
}

/** Copies a store while it is open. Returns how many seconds that took; `undefined` if the store has no such method. */
async function copyFrom(bench: Bench, to: string): Promise<number | undefined> {
  return await withSubject(bench, "buffered", async (subject) => {
    // The first read loads the code and data that reads need.
    await lookInto(subject, bench);
    return subject.copyTo && (await secondsOf(() => subject.copyTo?.(to)));
  });
}

async function backUp(bench: Bench, directory: string): Promise<Outcome | undefined> {
  const copy = join(directory, "copy");
  const seconds = await copyFrom(bench, copy);
  if (seconds === undefined) return undefined;
  await withSubject({ ...bench, directory: copy }, "buffered", (subject) => lookInto(subject, bench));
  return outcomeOf(bench, seconds);
}

async function bringBack(bench: Bench, directory: string): Promise<Outcome | undefined> {
  const [copy, restored] = [join(directory, "copy"), join(directory, "restored")];
  if ((await copyFrom(bench, copy)) === undefined) return undefined;
  const seconds = await secondsOf(async () => {
    await withSubject({ ...bench, directory: copy }, "buffered", (subject) => subject.copyTo?.(restored));
    await withSubject({ ...bench, directory: restored }, "buffered", (subject) => lookInto(subject, bench));
  });
  return outcomeOf(bench, seconds);
}

async function writeStream({ stream }: Subject, path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    for await (const chunk of stream?.() ?? []) await file.write(chunk);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function streamOut(bench: Bench, directory: string): Promise<Outcome | undefined> {
  return await withSubject(bench, "buffered", async (subject) => {
    if (!subject.stream) return undefined;
    await lookInto(subject, bench);
    return outcomeOf(bench, await secondsOf(() => writeStream(subject, join(directory, STREAM))));
  });
}

async function streamIn(bench: Bench, directory: string): Promise<Outcome | undefined> {
  if (!(await streamOut(bench, directory))) return undefined;
  return await withSubject({ ...bench, directory: join(directory, "restored") }, "buffered", async (subject) => {
    const file = createReadStream(join(directory, STREAM), { highWaterMark: READ_BYTES });
    const stream = Readable.toWeb(file) as ReadableStream<Uint8Array>;
    const seconds = await secondsOf(() => subject.fillFrom?.(stream));
    await lookInto(subject, bench);
    return outcomeOf(bench, seconds);
  });
}

/** All backup workloads, for stores with this many entries. */
export function backups(entries: readonly [number, number]): Workload[] {
  return [
    copying("backup", "backup: a copy in a directory, durable", entries, backUp),
    copying("restore", "restore: a store made of that copy, to its first get", entries, bringBack),
    copying("backup-stream", "backup as a stream, to a durable file", entries, streamOut),
    copying("restore-stream", "restore of that file, durable", entries, streamIn),
  ];
}
