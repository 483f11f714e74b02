/**
 * Restores a backup. Reads and checks all of it before any entry is visible, and then applies it as a whole.
 *
 * @module
 */

import type { BackupHeader, BackupInfo, RestoreOptions, RestoreResult } from "../api/backup.ts";
import { type Backend, NEWEST } from "../backend.ts";
import { BackupReader } from "../backup/reader.ts";
import { type ByteSource, StreamSource } from "../backup/source.ts";
import { MemorySpool, type Spool } from "../backup/spool.ts";
import { sizeOfAll } from "../bytes.ts";
import { Turns } from "../commit/event_loop.ts";
import { StoreError } from "../errors.ts";
import { checkSignal, OptionNames } from "../options.ts";
import { onAbort } from "../promises.ts";
import type { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import type { Run } from "./read_source.ts";

/** Entries are written to the operating system after this many bytes. They wait in memory until then. */
const BYTES_A_WRITE = 4 * 1024 * 1024;

const OPTIONS = new OptionNames<RestoreOptions>({ signal: true }, { example: "{ signal }" });

/** The restores of one store. Only one runs at a time. */
export class Restores {
  readonly #core: StoreCore;
  readonly #commits: Commits;
  /** Ends the running restore, unless it is already being applied. */
  #current: AbortController | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(core: StoreCore, commits: Commits) {
    this.#core = core;
    this.#commits = commits;
  }

  /** See {@linkcode Store.restore}. */
  async restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    this.#core.assertWritable("restore");
    const signal = checkSignal(OPTIONS.read(options).signal);
    if (this.#current) throw new StoreError("STORE_RESTORING", "Cannot restore: another restore is going on");
    signal?.throwIfAborted();
    const ending = new AbortController();
    const source = new StreamSource(stream, ending.signal);
    const release = onAbort(signal, () => ending.abort(signal?.reason));
    this.#current = ending;
    const restored = this.#receiveAndApply(source, ending.signal);
    this.#ended = restored.catch(() => {});
    try {
      return await restored;
    } catch (error) {
      await source.cancel(error);
      throw error;
    } finally {
      release();
      source.release();
      this.#current = undefined;
    }
  }

  /** Ends the running restore. Settles once it has ended. */
  async end(): Promise<void> {
    if (!this.#current) return;
    this.#current.abort(new StoreError("STORE_CLOSED", "Cannot restore: the store is closed"));
    await this.#ended;
  }

  async #receiveAndApply(source: StreamSource, signal: AbortSignal): Promise<RestoreResult> {
    const core = this.#core;
    const spool = core.behaviour.spool?.() ?? new MemorySpool();
    const check = (header: BackupHeader) => checkFits(core, header);
    let info: BackupInfo;
    try {
      info = await receive(source, spool, check);
      await this.#commits.flushes.committed();
      signal.throwIfAborted();
      // Other calls may have written meanwhile. From here on they cannot.
      check(info);
      assertUnused(core);
    } catch (error) {
      this.#discard(spool);
      throw error;
    }
    await core.replace(async () => {
      await spool.seal();
      await apply(core.run, spool.read());
      await spool.done();
    });
    this.#commits.wake();
    const { entries, deletions, bytes } = info;
    return { version: core.version, entries, deletions, bytes };
  }

  /** Ignores errors: the caller gets the error that came first. */
  #discard(spool: Spool): void {
    try {
      spool.discard();
    } catch (left) {
      this.#core.behaviour.leftBehind?.(left);
    }
  }
}

function assertUnused({ run }: StoreCore): void {
  const { openSnapshots } = run((backend) => backend.metrics());
  if (openSnapshots === 0) return;
  const what = `${openSnapshots} snapshots, transactions, walks or backups are open`;
  throw new StoreError("STORE_BUSY", `Cannot restore: ${what}`);
}

/** Reads a backup to its end, checks it, and keeps its bytes. Calls `check` as soon as the header is read. */
async function receive(source: StreamSource, spool: Spool, check: (header: BackupHeader) => void): Promise<BackupInfo> {
  const turns = new Turns();
  const read = async () => {
    await turns.next();
    const chunk = await source.read();
    if (chunk) spool.write(chunk);
    return chunk;
  };
  const reader = new BackupReader({ read }, { as: "nothing" });
  check(await reader.header());
  while (await reader.next());
  return reader.info;
}

/** Throws `BACKUP_MISMATCH` if a backup cannot be restored to a store at this version. */
function checkFits({ run, version }: StoreCore, { from, to, isIncrement }: BackupHeader): void {
  if (isIncrement) {
    if (from === version) return;
    throw mismatch(`it continues version ${from}, and the store is at version ${version}`);
  }
  // The first page finds any entry: none is older than version 0 or newer than `NEWEST`.
  if (run((backend) => backend.changes({}, { since: 0, until: NEWEST })).changes.length > 0) {
    throw mismatch(`it is a full one, of version ${to}, and the store, at version ${version}, is not empty`);
  }
  if (version < to || (version === 0 && to === 0)) return;
  throw mismatch(`it is of version ${to}, and the store is at version ${version}: versions only grow`);
}

/** Applies a checked backup. Settles once it is durable. Applying the same backup again changes nothing. */
export async function apply(run: Run, source: ByteSource): Promise<BackupInfo> {
  const takesFrames = run(({ restoreFrame }) => restoreFrame !== undefined);
  const reader = new BackupReader(source, { as: takesFrames ? "frames" : "changes" });
  const { from, to } = await reader.header();
  const isEmpty = from === to;
  const turns = new Turns();
  if (!isEmpty) run((backend) => backend.beginRestore(to));
  let waiting = 0;
  for (let next = await reader.next(); next; next = await reader.next()) {
    const part = next;
    run((backend) => ("changes" in part ? backend.restore(part.changes) : backend.restoreFrame?.(part.entries)));
    waiting += "changes" in part ? sizeOfAll(part.changes) : part.entries.length;
    if (waiting > BYTES_A_WRITE) {
      await run((backend) => backend.disk?.writeOut());
      waiting = 0;
    }
    await run((backend) => backend.disk?.congestion());
    await turns.next();
  }
  if (!isEmpty) run((backend) => backend.endRestore());
  await run((backend) => backend.disk?.sync());
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
