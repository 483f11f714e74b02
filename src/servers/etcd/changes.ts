/**
 * Pages of changes: from memory, or from a watch of etcd that begins in the past.
 *
 * @module
 */

import { type ByteRange, isInRange, LARGEST_PAGE_BYTES } from "../../byte_range.ts";
import { compareBytes } from "../../bytes.ts";
import { clearTimeout, clock, setTimeout, sleep } from "../../clock.ts";
import { StoreError } from "../../errors.ts";
import type { ChangedPage, ScannedEntry } from "../backend.ts";
import { EtcdFailure } from "./failure.ts";
import type { PieceStore } from "./pieces.ts";
import type { Space } from "./space.ts";
import { type CommitChanges, commitsAfter, type Tail } from "./tail.ts";
import { bytesOf, isLive, lengthOf } from "./values.ts";

/** The most changes of a page, and of a look at the past. */
const PAGE_CHANGES = 1000;
const LOOK_CHANGES = 5000;
const LOOK_BYTES: number = 8 * 1024 * 1024;
/** The pause before a look is repeated, in milliseconds. */
const PAUSE_MS = 50;

/** Commits, and the revision up to which they are complete. */
interface Looked {
  readonly commits: readonly CommitChanges[];
  readonly seen: number;
}

/** The changes of one store. */
export class Changes {
  readonly #space: Space;
  readonly #pieces: PieceStore;
  readonly #tail: Tail;
  readonly #timeoutMs: number;
  readonly #now: () => number;

  constructor(space: Space, pieces: PieceStore, tail: Tail, timeoutMs: number, now: () => number) {
    this.#space = space;
    this.#pieces = pieces;
    this.#tail = tail;
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** See {@linkcode AsyncBackend.changes}. */
  async page(range: ByteRange, since: number, after: Uint8Array | undefined): Promise<ChangedPage> {
    const { generation } = this.#space;
    const { restored } = generation;
    if (since < restored) {
      const what = `the store was restored at version ${restored}`;
      throw new StoreError("VERSION_GONE", `Cannot watch from version ${since}: ${what}`, { version: restored });
    }
    const revision = generation.revisionOf(since);
    // Who reads the past will ask for the present, and then finds it in memory.
    this.#tail.listen();
    const { commits, seen } = this.#tail.after(revision) ?? (await this.#look(revision));
    const changes: ScannedEntry[] = [];
    const now = this.#now();
    let bytes = 0;
    for (const [i, commit] of commits.entries()) {
      if (changes.length >= PAGE_CHANGES || bytes > LARGEST_PAGE_BYTES) {
        return { changes, seen: Math.max(since, (commits[i - 1] as CommitChanges).version), last: undefined };
      }
      for (const { key, entry } of commit.changes) {
        const { version, expiresMs } = entry;
        if (version <= since || !isInRange(range, key)) continue;
        if (after && version === since + 1 && compareBytes(key, after) <= 0) continue;
        // A large commit ends a page in between.
        if (bytes > LARGEST_PAGE_BYTES && bytes + lengthOf(entry) > 2 * LARGEST_PAGE_BYTES) {
          return { changes, seen: version - 1, last: changes.at(-1)?.key };
        }
        const value = isLive(entry, now) ? await bytesOf(this.#pieces, entry, commit.revision) : undefined;
        changes.push({ key, version, expiresMs, value });
        bytes += key.length + lengthOf(entry);
      }
    }
    return { changes, seen: Math.max(since, generation.versionOf(seen)), last: undefined };
  }

  /** Reads some commits after a revision from etcd. */
  async #look(revision: number): Promise<Looked> {
    const end = clock.monotonic() + this.#timeoutMs;
    for (;;) {
      try {
        return await this.#lookOnce(revision, end - clock.monotonic());
      } catch (failure) {
        const isPassing = failure instanceof EtcdFailure && ["maybe", "busy", "token"].includes(failure.kind);
        if (!isPassing || clock.monotonic() + PAUSE_MS > end || this.#space.client.closed.aborted) throw failure;
        this.#space.client.streamBroke();
        await sleep(PAUSE_MS);
      }
    }
  }

  async #lookOnce(revision: number, ms: number): Promise<Looked> {
    const { version } = await this.#space.atNewest(() => []);
    const newest = version === 0 ? 0 : this.#space.generation.revisionOf(version);
    if (newest <= revision) return { commits: [], seen: revision };
    const commits: CommitChanges[] = [];
    const ending = new AbortController();
    // A silent stream is given up.
    const timer = setTimeout(() => ending.abort(), Math.max(ms, 1));
    let [changes, bytes] = [0, 0];
    try {
      for await (const commit of commitsAfter(this.#space, revision, ending.signal)) {
        commits.push(commit);
        changes += commit.changes.length;
        bytes += commit.bytes;
        const isFull = changes > LOOK_CHANGES || bytes > LOOK_BYTES;
        if (isFull || commit.revision >= newest) return { commits, seen: commit.revision };
      }
    } catch (failure) {
      if (ending.signal.aborted)
        throw new EtcdFailure("maybe", "the stream of the watch is silent", { cause: failure });
      throw failure;
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
    throw new EtcdFailure("maybe", "the stream of the watch ended");
  }
}
