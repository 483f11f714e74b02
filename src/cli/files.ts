/**
 * Files beside the store: what is read, and what is written whole or not at all.
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

/** What names standard input or output in the place of a file. */
export const STANDARD = "-";

/** The bytes of a file, or of standard input for `-`; they end with an error when the signal comes. */
export function readBytes(file: string, signal: AbortSignal): Readable {
  return addAbortSignal(signal, file === STANDARD ? process.stdin : createReadStream(file));
}

/** The size of a file in bytes; 0 where it is not known. */
export async function sizeOf(file: string): Promise<number> {
  return file === STANDARD ? 0 : (await stat(file)).size;
}

/** Takes bytes in order. */
export type Write = (bytes: Uint8Array | string) => Promise<void>;

/**
 * Hands out a way to write to `file`, or to standard output for `-`. The file appears under its name once `use` is done and
 * everything is durable; when it fails there is none. One that is there is replaced only with `force`.
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

/** Bytes of one write to a file. */
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
      // Whoever gave the bytes may use their buffer again.
      const bytes = typeof data === "string" ? Buffer.from(data) : data.slice();
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
