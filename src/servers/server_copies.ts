/**
 * Backups and restores of a store over a server, in the format of the embedded store.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { StoredChange } from "../backend.ts";
import { DigestChain } from "../backup/format.ts";
import { BackupReader } from "../backup/reader.ts";
import { StreamSource } from "../backup/source.ts";
import { BackupWriter } from "../backup/writer.ts";
import { type ByteRange, LARGEST_PAGE_BYTES, restOf } from "../byte_range.ts";
import { sizeOf } from "../bytes.ts";
import { clock } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { checkSignal, OptionNames } from "../options.ts";
import { onAbort } from "../promises.ts";
import { byteStream } from "../store/byte_stream.ts";
import type { RestoreSink, ScannedEntry } from "./backend.ts";
import type { ServerCore } from "./core.ts";
import { forgotten, VersionSource } from "./sources.ts";

const BACKUP = new OptionNames<BackupOptions>({ since: true, signal: true }, { example: "{ since }" });
const RESTORE = new OptionNames<RestoreOptions>({ signal: true }, { example: "{ signal }" });

/** A restore sends entries to the server when it has so many, or so many bytes of them. */
const ENTRIES_A_WRITE = 2000;
const BYTES_A_WRITE: number = 4 * 1024 * 1024;
/** Pages of a backup are as large as other stores may send them. */
const PAGE_BYTES: number = 8 * LARGEST_PAGE_BYTES;

/** See `AsyncStore.backup`. Reads nothing before the consumer asks for it, but the version at once. */
export function serverBackup(
  core: ServerCore,
  options: BackupOptions | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  core.check("back up");
  const { since: given, signal: givenSignal } = BACKUP.read(options);
  const since = core.checkVersion("since", given);
  const signal = checkSignal(givenSignal);
  signal?.throwIfAborted();
  const held = core.hold().then((version) => new VersionSource(core, version));
  held.catch(() => {});
  const hold = { release: () => void held.then((source) => source.release()).catch(() => {}) };
  const bytes = bytesOf(core, held, since);
  const next = async () => {
    core.check("back up");
    return (await bytes.next()).value;
  };
  const stream = byteStream({ next, end: hold.release }, signal);
  forgotten.register(stream, hold);
  return stream;
}

async function* bytesOf(
  core: ServerCore,
  held: Promise<VersionSource>,
  since: number | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  const source = await held;
  const [from, to, isIncrement] = [since ?? 0, source.version, since !== undefined];
  if (from > to) throw new RangeError(`Wrong option 'since': expected a version from 0 to ${to}, got ${from}`);
  const writer = new BackupWriter(await DigestChain.begin());
  const numVersionsToKeep = core.backend.versionsToKeep;
  yield writer.header({ from, to, isIncrement, created: clock.now(), numVersionsToKeep });
  let rest: ByteRange | undefined = {};
  while (rest) {
    const range: ByteRange = { ...rest, pageBytes: PAGE_BYTES };
    const { entries, last } = await source.scan(isIncrement ? { ...range, changedSince: from } : range);
    for (const entry of entries) yield* writer.add(entry as StoredChange);
    rest = last && restOf(rest, last, 0);
  }
  yield* writer.end();
  return undefined;
}

/** See `AsyncStore.restore`. */
export async function serverRestore(
  core: ServerCore,
  stream: ReadableStream<Uint8Array>,
  options: RestoreOptions | undefined,
): Promise<RestoreResult> {
  core.checkWrite("restore");
  const signal = checkSignal(RESTORE.read(options).signal);
  signal?.throwIfAborted();
  const ending = new AbortController();
  const source = new StreamSource(stream, ending.signal);
  const releases = [
    onAbort(signal, () => ending.abort(signal?.reason)),
    onAbort(core.closing, () => ending.abort(new StoreError("STORE_CLOSED", "Cannot restore: the store is closed"))),
  ];
  try {
    return await receive(core, source, ending.signal);
  } catch (error) {
    await source.cancel(error);
    throw error;
  } finally {
    for (const release of releases) release();
    source.release();
  }
}

async function receive(core: ServerCore, source: StreamSource, signal: AbortSignal): Promise<RestoreResult> {
  const reader = new BackupReader(source, { as: "changes" });
  const { from, to, isIncrement } = await reader.header();
  await core.queue.idle();
  const sink = await core.backend.restore({ from, to, isIncrement });
  try {
    await fill(sink, reader);
    signal.throwIfAborted();
    await sink.finish();
  } catch (error) {
    // The caller gets the error that came first. The backend removes later what it could not remove now.
    await sink.discard().catch(() => {});
    throw error;
  }
  core.saw(to);
  core.cache?.clear();
  const { entries, deletions, bytes } = reader.info;
  return { version: to, entries, deletions, bytes };
}

async function fill(sink: RestoreSink, reader: BackupReader): Promise<void> {
  let [waiting, bytes]: [ScannedEntry[], number] = [[], 0];
  for (let part = await reader.next(); part; part = await reader.next()) {
    if (!("changes" in part)) throw new TypeError("the reader of a backup returned no changes");
    for (const { key, value, version, expiresMs } of part.changes) {
      waiting.push({ key: key.slice(), value: value && new Uint8Array(value), version, expiresMs });
      bytes += sizeOf({ key, value });
      if (waiting.length < ENTRIES_A_WRITE && bytes < BYTES_A_WRITE) continue;
      await sink.write(waiting);
      [waiting, bytes] = [[], 0];
    }
  }
  if (waiting.length > 0) await sink.write(waiting);
}
