/**
 * Backup files, compressed or not.
 *
 * @module
 */

import { Readable } from "node:stream";
import { startsWith } from "@std/bytes";
import { type BackupHeader, type BackupInfo, inspectBackup, readBackupHeader, StoreError } from "../../mod.ts";
import { readBytes, sizeOf } from "./files.ts";
import type { Session } from "./session.ts";

/** The first bytes of gzip (RFC 1952). */
const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b);

/** The bytes of a backup file, or of standard input for `-`, uncompressed. */
export function readBackup(
  file: string,
  session: Session,
  seen: (bytes: number) => void = () => {},
): ReadableStream<Uint8Array> {
  return toStream(uncompressed(file, readBytes(file, session.signal), seen));
}

async function* uncompressed(
  file: string,
  input: AsyncIterable<Uint8Array>,
  seen: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const pieces = input[Symbol.asyncIterator]();
  const first = await pieces.next();
  const bytes = rest(first.done ? undefined : first.value, pieces, seen);
  const isCompressed = !first.done && startsWith(first.value, GZIP_MAGIC);
  if (!isCompressed) {
    yield* bytes;
    return;
  }
  try {
    yield* toStream(bytes).pipeThrough(new DecompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>);
  } catch (error) {
    // zlib reports damage as a TypeError on all runtimes.
    if (!(error instanceof TypeError)) throw error;
    throw new StoreError("BACKUP_INVALID", `'${file}' is damaged: its gzip stream ends early or is wrong`, {
      cause: error,
    });
  }
}

async function* rest(
  first: Uint8Array | undefined,
  pieces: AsyncIterator<Uint8Array>,
  seen: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  let done = 0;
  for (let piece = first; piece !== undefined; ) {
    done += piece.length;
    seen(done);
    yield piece;
    const next = await pieces.next();
    piece = next.done ? undefined : next.value;
  }
}

function toStream(bytes: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(bytes, { objectMode: true })) as ReadableStream<Uint8Array>;
}

/** The header of a backup file. */
export async function headerOf(file: string, session: Session): Promise<BackupHeader> {
  return await naming(file, readBackupHeader(readBackup(file, session), { signal: session.signal }));
}

/** Reads and checks all of a backup file, and shows the progress. */
export async function checkBackup(file: string, session: Session): Promise<BackupInfo> {
  return await withFileShown("verify", file, session, (stream) => inspectBackup(stream, { signal: session.signal }));
}

/** Runs `use` with the bytes of a backup file, and shows the progress. */
export async function withFileShown<T>(
  name: string,
  file: string,
  session: Session,
  use: (stream: ReadableStream<Uint8Array>) => Promise<T>,
): Promise<T> {
  const size = await sizeOf(file);
  let read = 0;
  const stream = readBackup(file, session, (bytes) => {
    read = bytes;
  });
  return await session.whileShown(name, "bytes", () => [read, size], naming(file, use(stream)));
}

/** Adds the name of the file to an error of its backup. */
async function naming<T>(file: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof StoreError) || !error.code.startsWith("BACKUP_") || error.message.includes(file))
      throw error;
    throw new StoreError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}
