/**
 * Files beside the store. Output files are written completely, or not at all.
 *
 * @module
 */

import { createReadStream, existsSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { addAbortSignal, type Readable } from "node:stream";
import { UsageError } from "./exit_codes.ts";
import type { Output } from "./output.ts";

/** The name of standard input or output, instead of a file. */
export const STANDARD = "-";

/** The bytes of a file, or of standard input for `-`. The stream ends with an error when the signal aborts. */
export function readBytes(file: string, signal: AbortSignal): Readable {
  return addAbortSignal(signal, file === STANDARD ? process.stdin : createReadStream(file));
}

/** The size of a file in bytes; 0 if it is unknown. */
export async function sizeOf(file: string): Promise<number> {
  return file === STANDARD ? 0 : (await stat(file)).size;
}

/** Writes bytes, in the order of the calls. */
export type Write = (bytes: Uint8Array | string) => Promise<void>;

/**
 * Calls `use` with a function that writes to `file`, or to standard output for `-`. The file gets its name once `use`
 * is done and everything is durable. If `use` fails, there is no file. An existing file is replaced only with `force`.
 */
export async function writeWhole<T>(
  file: string,
  { output, force }: { readonly output: Output; readonly force: boolean },
  use: (write: Write) => Promise<T>,
): Promise<T> {
  if (file === STANDARD) return await use((bytes) => output.write(bytes));
  if (!force && existsSync(file)) {
    throw new UsageError(`Wrong output '${file}': expected a new file, and this one exists; --force replaces it`);
  }
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    const result = await writeDurably(unfinished, use);
    await rename(unfinished, file);
    await syncDirectory(dirname(file));
    return result;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** How many bytes are written to a file at a time. */
const GATHERED_BYTES = 256 * 1024;

async function writeDurably<T>(file: string, use: (write: Write) => Promise<T>): Promise<T> {
  const handle = await open(file, "wx");
  try {
    let waiting: Uint8Array[] = [];
    let waitingBytes = 0;
    const writeOut = async () => {
      await writeAll(handle, Buffer.concat(waiting));
      [waiting, waitingBytes] = [[], 0];
    };
    const result = await use(async (data) => {
      // The caller may use its buffer again.
      const bytes = typeof data === "string" ? Buffer.from(data) : new Uint8Array(data);
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= GATHERED_BYTES) await writeOut();
    });
    await writeOut();
    await handle.sync();
    return result;
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
