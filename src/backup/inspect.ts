/**
 * Inspects backups without a store.
 *
 * @module
 */

import type { BackupHeader, BackupInfo } from "../api/backup.ts";
import type { LongOptions } from "../api/entries.ts";
import { signalOf } from "../options.ts";
import { BackupReader } from "./reader.ts";
import { StreamSource } from "./source.ts";

/**
 * Reads a backup to its end, checks all of it, and returns its content. Rejects with `BACKUP_INVALID`, with position
 * and reason, if the stream is damaged, truncated or not a backup.
 *
 * @example
 * ```ts
 * import { inspectBackup, MemoryStore } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const store = new MemoryStore();
 * await store.put("city", "Berlin");
 * const { from, to, entries } = await inspectBackup(store.backup());
 * assert.deepEqual({ from, to, entries }, { from: 0, to: store.version, entries: 1 });
 * ```
 */
export async function inspectBackup(stream: ReadableStream<Uint8Array>, options?: LongOptions): Promise<BackupInfo> {
  return await reading(stream, options, async (reader) => {
    while (await reader.next());
    return reader.info;
  });
}

/** Reads the start of a backup, and cancels the stream. Otherwise as {@linkcode inspectBackup}. */
export async function readBackupHeader(
  stream: ReadableStream<Uint8Array>,
  options?: LongOptions,
): Promise<BackupHeader> {
  return await reading(stream, options, (reader) => reader.header());
}

async function reading<T>(
  stream: ReadableStream<Uint8Array>,
  options: LongOptions | undefined,
  read: (reader: BackupReader) => Promise<T>,
): Promise<T> {
  const source = new StreamSource(stream, signalOf(options));
  try {
    return await read(new BackupReader(source, { as: "nothing" }));
  } finally {
    await source.cancel("read far enough");
    source.release();
  }
}
