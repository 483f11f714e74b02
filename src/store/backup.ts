/**
 * Backups: a stream of the content of a store at one version.
 *
 * @module
 */

import type { BackupOptions } from "../api/backup.ts";
import type { ChangePlace, StoredChange, StoredNewest } from "../backend.ts";
import { entriesOf } from "../backup/entries.ts";
import { DigestChain } from "../backup/format.ts";
import { BackupWriter } from "../backup/writer.ts";
import { compareBytes } from "../bytes.ts";
import { clock } from "../clock.ts";
import { Turns } from "../commit/event_loop.ts";
import { StoreError } from "../errors.ts";
import { checkSignal, OptionNames } from "../options.ts";
import { onAbort } from "../promises.ts";
import type { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import { forgotten, type Run, SnapshotSource } from "./read_source.ts";

const ACTION = "back up";

const OPTIONS = new OptionNames<BackupOptions>({ since: true, signal: true }, { example: "{ since }" });

/** See {@linkcode Store.backup}. With an end it has only the keys before that one. */
export function backupStream(
  core: StoreCore,
  commits: Commits,
  options: BackupOptions | undefined,
  end?: Uint8Array,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  core.assertOpen(ACTION);
  const { since: given, signal: givenSignal } = OPTIONS.read(options);
  const since = given === undefined ? undefined : core.checkVersion(given, "since");
  const signal = checkSignal(givenSignal);
  signal?.throwIfAborted();
  const backup = new Backup(core, commits, since);
  const turns = new Turns();
  const bytes = backup.bytes(end);
  let stop: (reason: unknown) => void = () => {};
  const ignoreSignal = onAbort(signal, () => {
    release();
    stop(signal?.reason);
  });
  const release = () => {
    ignoreSignal();
    backup.release();
  };
  const stream = new ReadableStream(
    {
      start: (controller) => {
        stop = (reason) => controller.error(reason);
      },
      pull: async (controller) => {
        try {
          await turns.next();
          const { done, value } = await bytes.next();
          // If the signal aborted meanwhile, the stream has an error already.
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
    // Reads nothing before the consumer asks for it.
    { highWaterMark: 0 },
  );
  // Releases a backup whose stream was not read to its end. The registered value must not reference the stream.
  forgotten.register(stream, backup);
  return stream;
}

/** The state of a backup: one snapshot, and for an increment a hold on the deletions since its start version. */
class Backup {
  readonly #core: StoreCore;
  readonly #commits: Commits;
  readonly #since: number;
  readonly #isIncrement: boolean;
  readonly #snapshot: SnapshotSource;
  isOpen = true;

  constructor(core: StoreCore, commits: Commits, since: number | undefined) {
    this.#core = core;
    this.#commits = commits;
    this.#since = since ?? 0;
    this.#isIncrement = since !== undefined;
    this.#snapshot = new SnapshotSource(core.run, core.version);
    if (!this.#isIncrement) return;
    core.run((backend) => backend.holdGone(this.#since));
    const newestFrom = core.run((backend) => backend.newestFrom);
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
    // A close or a failure of the store has ended the hold and the snapshot.
    if (!this.#core.isAlive) return;
    if (this.#isIncrement) this.#core.run((backend) => backend.releaseGone(this.#since));
    this.#snapshot.release();
  }

  async *bytes(end: Uint8Array | undefined): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
    const { run } = this.#core;
    const [from, to] = [this.#since, this.#snapshot.version];
    await this.#commits.flush();
    const writer = new BackupWriter(await DigestChain.begin());
    const numVersionsToKeep = run((backend) => backend.versionsToKeep);
    yield writer.header({ from, to, isIncrement: this.#isIncrement, created: clock.now(), numVersionsToKeep });
    const turns = new Turns();
    let next: ChangePlace | undefined;
    do {
      const page = this.#read((backend) => backend.newest(next, { since: from, until: to }));
      ({ next } = page);
      const isBefore = ({ key }: { readonly key: Uint8Array }) => !end || compareBytes(key, end) < 0;
      if (page.framed) {
        if (!end || (next && isBefore(next))) yield* writer.addFramed(page.framed);
        else
          for (const entry of entriesOf(page.framed.bytes))
            if (isBefore(entry)) yield* writer.add(entry as StoredChange);
      }
      for (const entry of page.entries.filter(isBefore)) {
        const whole = entry.isLarge ? this.#large(entry) : entry;
        if (whole) yield* writer.add(whole);
      }
      if (next && !isBefore(next)) break;
      if (page.entries.length === 0) await turns.next();
    } while (next);
    yield* writer.end();
    return undefined;
  }

  /** Reads a large value. If it has expired meanwhile, a full backup leaves it out. */
  #large(entry: StoredNewest): StoredNewest | undefined {
    const found = this.#read((backend) => backend.entry(entry.key, entry.version));
    if (found) return { ...entry, value: found.value };
    return this.#since > 0 ? { ...entry, value: undefined } : undefined;
  }

  readonly #read: Run = (call) => {
    this.#core.assertOpen(ACTION);
    return this.#core.run(call);
  };
}
