/**
 * Restoring a backup: it is read and checked to its end before anything of it shows, and then applied as a whole.
 *
 * @module
 */

import type { BackupHeader, BackupInfo } from "../api/backup.ts";
import { type Backend, NEWEST } from "../backend.ts";
import { BackupReader } from "../backup/reader.ts";
import type { ByteSource, StreamSource } from "../backup/source.ts";
import type { Spool } from "../backup/spool.ts";
import { Turns } from "../commit/turns.ts";
import { StoreError } from "../errors.ts";
import type { Run } from "./read_source.ts";

/** Entries are handed to the operating system after so many bytes: they wait in memory until then. */
const BYTES_A_WRITE = 4 * 1024 * 1024;

/** Reads a backup to its end, checks it, and keeps its bytes. `check` looks at the header as soon as it is there. */
export async function receive(
  source: StreamSource,
  spool: Spool,
  check: (header: BackupHeader) => void,
): Promise<BackupInfo> {
  const turns = new Turns();
  const read = async () => {
    await turns.next();
    const chunk = await source.read();
    if (chunk) spool.write(chunk);
    return chunk;
  };
  const reader = new BackupReader({ read }, { withValues: false });
  check(await reader.header());
  while (await reader.next());
  return reader.info;
}

/** Throws `BACKUP_MISMATCH` when a backup cannot be restored to a store at this version. */
export function checkFits(run: Run, version: number, { from, to, isIncrement }: BackupHeader): void {
  if (isIncrement) {
    if (from === version) return;
    throw mismatch(`it continues version ${from}, and the store is at version ${version}`);
  }
  // Whatever is there is found by the first page: nothing is older than version 0 or newer than the newest.
  if (run((backend) => backend.changes({}, { since: 0, until: NEWEST })).changes.length > 0) {
    throw mismatch(`it is a full one, of version ${to}, and the store, at version ${version}, is not empty`);
  }
  if (version < to || (version === 0 && to === 0)) return;
  throw mismatch(`it is of version ${to}, and the store is at version ${version}: versions only grow`);
}

/** Applies a backup that was checked; settles once that is durable. Applying the same one again changes nothing. */
export async function apply(run: Run, source: ByteSource): Promise<BackupInfo> {
  const reader = new BackupReader(source, { withValues: true });
  const { from, to } = await reader.header();
  const isEmpty = from === to;
  const turns = new Turns();
  if (!isEmpty) run((backend) => backend.beginRestore(to));
  let waiting = 0;
  for (let entries = await reader.next(); entries; entries = await reader.next()) {
    const changes = entries;
    run((backend) => backend.restore(changes));
    waiting += changes.reduce((bytes, { key, value }) => bytes + key.length + (value?.length ?? 0), 0);
    if (waiting > BYTES_A_WRITE) {
      await run((backend) => backend.writeOut());
      waiting = 0;
    }
    await run((backend) => backend.congestion());
    await turns.next();
  }
  if (!isEmpty) run((backend) => backend.endRestore());
  await run((backend) => backend.sync());
  return reader.info;
}

/** Ends a restore that a crash interrupted. */
export async function finishRestore(backend: Backend, spool: Spool): Promise<void> {
  try {
    await apply((call) => call(backend), spool.read());
  } catch (cause) {
    if (!(cause instanceof StoreError && cause.code === "BACKUP_INVALID")) throw cause;
    throw new StoreError("STORE_CORRUPT", `Cannot end the restore that was interrupted: ${cause.message}`, { cause });
  }
  await spool.done();
}

function mismatch(reason: string): StoreError {
  return new StoreError("BACKUP_MISMATCH", `Cannot restore the backup: ${reason}`);
}
