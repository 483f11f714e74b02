/**
 * Backups: a stream of what a store has at one version.
 *
 * @module
 */

import type { ChangePlace, StoredNewest } from "../backend.ts";
import { DigestChain } from "../backup/format.ts";
import { BackupWriter } from "../backup/writer.ts";
import { clock } from "../clock.ts";
import { Turns } from "../commit/turns.ts";
import { StoreError } from "../errors.ts";
import { type Run, SnapshotSource } from "./read_source.ts";

/** What a backup needs of its store. */
export interface BackupHost {
  readonly run: Run;
  /** The newest commit. */
  readonly version: number;
  /** Settles once all that was written is durable. */
  flush(): Promise<void>;
  /** Whether the store can be read. */
  readonly isOpen: boolean;
  /** Throws when it cannot. */
  check(): void;
}

/** A stream that nobody read to its end is forgotten with its holder: then what it holds is given back. */
const forgotten = new FinalizationRegistry<Backup>((backup) => backup.release());

/** A backup of the store as it is now, or of what changed after `since`; with errors as of {@linkcode Store.backup}. */
export function backupStream(
  host: BackupHost,
  since: number | undefined,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  signal?.throwIfAborted();
  const backup = new Backup(host, since);
  const turns = new Turns();
  const bytes = backup.bytes();
  const release = () => {
    signal?.removeEventListener("abort", abort);
    backup.release();
  };
  let stop: (reason: unknown) => void = () => {};
  const abort = () => {
    release();
    stop(signal?.reason);
  };
  signal?.addEventListener("abort", abort);
  const stream = new ReadableStream(
    {
      start: (controller) => {
        stop = (reason) => controller.error(reason);
      },
      pull: async (controller) => {
        try {
          await turns.next();
          const { done, value } = await bytes.next();
          // The signal may have come meanwhile: then there is an error already.
          if (!backup.isOpen) return;
          if (value) controller.enqueue(value);
          if (!done) return;
          release();
          controller.close();
        } catch (error) {
          if (!backup.isOpen) return;
          release();
          throw error;
        }
      },
      cancel: release,
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
  // What is kept here must not lead to the stream.
  forgotten.register(stream, backup);
  return stream;
}

/** What is read of the store: one snapshot, and for an increment what is gone since the other one. */
class Backup {
  readonly #host: BackupHost;
  readonly #since: number;
  readonly #isIncrement: boolean;
  readonly #snapshot: SnapshotSource;
  isOpen = true;

  constructor(host: BackupHost, since: number | undefined) {
    this.#host = host;
    this.#since = since ?? 0;
    this.#isIncrement = since !== undefined;
    this.#snapshot = new SnapshotSource(host.run, host.version);
    if (!this.#isIncrement) return;
    host.run((backend) => backend.holdGone(this.#since));
    const newestFrom = host.run((backend) => backend.newestFrom);
    if (newestFrom <= this.#since) return;
    this.release();
    throw new StoreError(
      "VERSION_GONE",
      `Cannot back up the changes after version ${since}: the store removed some deletions; it has all after version ${newestFrom}`,
      { version: newestFrom },
    );
  }

  release(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    // With the store that was closed, or failed, both ended.
    if (!this.#host.isOpen) return;
    if (this.#isIncrement) this.#host.run((backend) => backend.releaseGone(this.#since));
    this.#snapshot.release();
  }

  async *bytes(): AsyncGenerator<Uint8Array, undefined> {
    const { run, flush } = this.#host;
    const [from, to] = [this.#since, this.#snapshot.version];
    await flush();
    const writer = new BackupWriter(await DigestChain.begin());
    const numVersionsToKeep = run((backend) => backend.versionsToKeep);
    yield writer.header({ from, to, isIncrement: this.#isIncrement, created: clock.now(), numVersionsToKeep });
    const turns = new Turns();
    let next: ChangePlace | undefined;
    do {
      const page = this.#read((backend) => backend.newest(next, { since: from, until: to }));
      for (const entry of page.entries) {
        const whole = entry.isLarge ? this.#large(entry) : entry;
        if (whole) yield* writer.add(whole);
      }
      ({ next } = page);
      if (page.entries.length === 0) await turns.next();
    } while (next);
    yield* writer.end();
    return undefined;
  }

  /** It may have expired meanwhile: then a full backup does without it. */
  #large(entry: StoredNewest): StoredNewest | undefined {
    const found = this.#read((backend) => backend.entry(entry.key, entry.version));
    if (found) return { ...entry, value: found.value };
    return this.#since > 0 ? { ...entry, value: undefined } : undefined;
  }

  readonly #read: Run = (call) => {
    this.#host.check();
    return this.#host.run(call);
  };
}
