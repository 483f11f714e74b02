/**
 * The changes of a store, as etcd's watch tells them.
 *
 * @module
 */

import { ofBase64, toBase64 } from "../../base64.ts";
import { successor } from "../../byte_range.ts";
import { compareBytes } from "../../bytes.ts";
import { clearInterval, clearTimeout, setInterval, setTimeout, sleep, type Timer } from "../../clock.ts";
import { StoreError } from "../../errors.ts";
import { EtcdFailure, failureOf } from "./failure.ts";
import { type KeyValue, revisionOf, type WatchLine } from "./messages.ts";
import { linesOf } from "./response.ts";
import type { Space } from "./space.ts";
import { type FoundEntry, foundEntry } from "./values.ts";

/** The most bytes of a line. etcd splits what is larger than a request. */
const LINE_BYTES: number = 16 * 1024 * 1024;
/** How much of the newest commits stays in memory, for watches: entries, and bytes. */
const KEPT = { entries: 10_000, bytes: 8 * 1024 * 1024 } as const;
/** The stream ends when nobody has waited for so long, in milliseconds. */
const IDLE_MS = 5000;
/** A stream that is silent for so long is checked, in milliseconds: its connection may be gone without a sign. */
const SILENT_MS = 2500;
/** The pause before a stream is opened again, in milliseconds. */
const PAUSE_MS = 50;

/** The changes of one commit. */
export interface CommitChanges {
  readonly revision: number;
  readonly version: number;
  /** By key. */
  readonly changes: readonly { readonly key: Uint8Array; readonly entry: FoundEntry }[];
  readonly bytes: number;
}

/** The changes after a revision, as one stream of commits. Ends with an error. */
export async function* commitsAfter(
  space: Space,
  revision: number,
  signal: AbortSignal,
): AsyncGenerator<CommitChanges, never> {
  const { layout, entries } = space;
  const end = successor(entries) ?? new Uint8Array(1);
  const create_request = {
    key: layout.clock,
    range_end: toBase64(end),
    start_revision: String(revision + 1),
    fragment: true,
  };
  const stream = await space.client.stream("/v3/watch", { create_request }, signal);
  let waiting: KeyValue[] = [];
  for await (const line of linesOf(stream, LINE_BYTES, signal)) {
    const { result, error } = JSON.parse(line) as WatchLine;
    if (error) throw failureOf(error.http_code ?? 500, line);
    if (result?.compact_revision !== undefined) throw compacted(space, revision, revisionOf(result.compact_revision));
    if (result?.canceled) throw new EtcdFailure(cancelKind(result.cancel_reason), result.cancel_reason ?? "cancelled");
    for (const { type, kv } of result?.events ?? []) {
      // etcd removes what has expired, and old deletions. Both are no changes.
      if (type === "DELETE") continue;
      const at = revisionOf(kv.mod_revision);
      if (kv.key !== layout.clock) {
        if (at !== revisionOf(waiting[0]?.mod_revision)) waiting = [];
        waiting.push(kv);
        continue;
      }
      const isNewer = at > space.generation.revision;
      if (isNewer && kv.value !== space.clockValue) throw new EtcdFailure("busy", "the store was restored");
      const own = waiting.filter(({ mod_revision }) => revisionOf(mod_revision) === at);
      waiting = [];
      yield toCommit(space, at, own);
    }
  }
  throw new EtcdFailure("maybe", "the stream of the watch ended");
}

function toCommit(space: Space, revision: number, kvs: readonly KeyValue[]): CommitChanges {
  const { entries, generation } = space;
  let bytes = 0;
  const changes: CommitChanges["changes"][number][] = [];
  for (const kv of kvs) {
    const whole = ofBase64(kv.key);
    if (compareBytes(whole.subarray(0, entries.length), entries) !== 0) continue;
    const entry = foundEntry(space, kv);
    if (!entry) continue;
    bytes += whole.length + (kv.value?.length ?? 0);
    changes.push({ key: whole.subarray(entries.length), entry });
  }
  changes.sort((a, b) => a.entry.version - b.entry.version || compareBytes(a.key, b.key));
  return { revision, version: generation.versionOf(revision), changes, bytes };
}

/** The error of a watch that etcd cannot serve any more. */
function compacted(space: Space, revision: number, compactRevision: number): StoreError {
  const { generation } = space;
  const from = generation.versionOf(compactRevision);
  const what = `version ${generation.versionOf(revision)}`;
  return new StoreError("VERSION_GONE", `Cannot watch from ${what}: etcd has compacted the changes up to ${from}`, {
    version: from,
  });
}

function cancelKind(reason: string | undefined): "token" | "denied" | "busy" {
  if (reason?.includes("permission denied")) return "denied";
  return reason?.includes("token") ? "token" : "busy";
}

/** The newest commits. One stream serves all watches of a store. It runs while somebody waits. */
export class Tail {
  readonly #space: Space;
  readonly #commits: CommitChanges[] = [];
  #entries = 0;
  #bytes = 0;
  /** All commits after this revision, up to that of `#newest`, are in `#commits`. */
  #from = 0;
  #newest = 0;
  #running: AbortController | undefined;
  /** Whether the stream has begun. */
  #isReady = false;
  #waiting: Set<() => void> = new Set();
  #idle: Timer | undefined;
  #failure: unknown;

  constructor(space: Space) {
    this.#space = space;
  }

  /** Begins to listen, for those who have read the past. */
  listen(): void {
    this.#start();
    this.#rest();
  }

  /** The commits after a revision that are in memory, and the revision up to which they are complete. */
  after(revision: number): { readonly commits: readonly CommitChanges[]; readonly seen: number } | undefined {
    if (!this.#isReady || revision < this.#from) return undefined;
    let [low, high] = [0, this.#commits.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#commits[middle] as CommitChanges).revision > revision) high = middle;
      else low = middle + 1;
    }
    return { commits: this.#commits.slice(low), seen: Math.max(revision, this.#newest) };
  }

  /** Settles when there is a commit after the revision. Rejects with the signal's reason, and if etcd refuses. */
  async news(revision: number, signal: AbortSignal): Promise<void> {
    const closed = this.#space.client.closed;
    for (;;) {
      signal.throwIfAborted();
      closed.throwIfAborted();
      this.#start();
      if (this.#newest > revision) return;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          closed.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener("abort", wake);
        closed.addEventListener("abort", wake);
      });
      this.#rest();
    }
  }

  /** Ends the stream. */
  close(): void {
    clearTimeout(this.#idle);
    this.#running?.abort();
    this.#wake();
  }

  #start(): void {
    clearTimeout(this.#idle);
    if (this.#running) return;
    this.#failure = undefined;
    const running = new AbortController();
    this.#running = running;
    this.#isReady = false;
    this.#run(running).catch((failure) => {
      if (running.signal.aborted) return;
      this.#failure = failure;
      this.#running = undefined;
      this.#isReady = false;
      this.#wake();
    });
  }

  /** Ends the stream soon, if nobody waits. */
  #rest(): void {
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#waiting.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
      this.#isReady = false;
    }, IDLE_MS);
    this.#idle.unref();
  }

  async #run(running: AbortController): Promise<void> {
    const { signal } = running;
    await this.#begin();
    while (!signal.aborted) {
      const part = new AbortController();
      const end = () => part.abort();
      signal.addEventListener("abort", end);
      const silence = this.#watchSilence(part);
      try {
        for await (const commit of commitsAfter(this.#space, this.#newest, part.signal)) {
          if (signal.aborted) return;
          this.#add(commit);
        }
      } catch (failure) {
        if (signal.aborted) return;
        await this.#recover(failure, part.signal.aborted);
      } finally {
        signal.removeEventListener("abort", end);
        clearInterval(silence);
        part.abort();
      }
    }
  }

  /** Begins at the newest commit. */
  async #begin(): Promise<void> {
    const { version } = await this.#space.atNewest(() => []);
    this.#commits.length = 0;
    this.#entries = 0;
    this.#bytes = 0;
    this.#from = version === 0 ? 0 : this.#space.generation.revisionOf(version);
    this.#newest = this.#from;
    this.#isReady = true;
    this.#wake();
  }

  /** What to do after a stream has ended. Throws what a further stream would meet, too. */
  async #recover(failure: unknown, wasSilent: boolean): Promise<void> {
    const isPassing = failure instanceof EtcdFailure && ["maybe", "busy", "token"].includes(failure.kind);
    if (!isPassing && !wasSilent) {
      // Compaction was faster than this stream. Watches read what they have not seen from etcd, and learn of it there.
      if (failure instanceof StoreError && failure.code === "VERSION_GONE") return await this.#begin();
      throw failure;
    }
    this.#space.client.streamBroke();
    await sleep(PAUSE_MS);
    const { generation } = this.#space;
    const { version } = await this.#space.atNewest(() => []);
    if (this.#space.generation !== generation || (version === 0 && this.#newest > 0)) await this.#begin();
  }

  /** Ends a stream that has not told of the newest commit. */
  #watchSilence(part: AbortController): Timer {
    let before = -1;
    let isAsking = false;
    const timer = setInterval(async () => {
      const seen = this.#newest;
      const isSilent = before === seen;
      before = seen;
      if (!isSilent || isAsking) return;
      isAsking = true;
      try {
        const { version } = await this.#space.atNewest(() => []);
        const newest = version === 0 ? 0 : this.#space.generation.revisionOf(version);
        // The second look finds a stream that should have told it at the first one.
        if (newest > seen && this.#newest === seen) part.abort();
      } catch {
        // etcd does not answer. The stream is looked at again.
      } finally {
        isAsking = false;
      }
    }, SILENT_MS);
    timer.unref();
    return timer;
  }

  #add(commit: CommitChanges): void {
    this.#commits.push(commit);
    this.#entries += commit.changes.length;
    this.#bytes += commit.bytes;
    this.#newest = commit.revision;
    while (this.#commits.length > 1 && (this.#entries > KEPT.entries || this.#bytes > KEPT.bytes)) {
      const oldest = this.#commits.shift() as CommitChanges;
      this.#entries -= oldest.changes.length;
      this.#bytes -= oldest.bytes;
      this.#from = oldest.revision;
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
