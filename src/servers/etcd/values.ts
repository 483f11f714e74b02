/**
 * What etcd answers, as entries of a store.
 *
 * @module
 */

import { exactly, type StoredValue, type StoredVersion } from "../../backend.ts";
import { ofBase64 } from "../../base64.ts";
import { NOTHING } from "../../bytes.ts";
import { decodeEntry, isPieces, type RawEntry } from "./entry.ts";
import { type KeyValue, revisionOf } from "./messages.ts";
import type { PieceStore } from "./pieces.ts";
import type { Space } from "./space.ts";

/** An entry as etcd has it. */
export interface FoundEntry extends RawEntry {
  readonly version: number;
  /** The revision that wrote it: what commits compare. */
  readonly modRevision: number;
}

/** The entry of a key; `undefined` if etcd has none. */
export function foundEntry(space: Space, kv: KeyValue | undefined): FoundEntry | undefined {
  if (!kv) return undefined;
  const raw = decodeEntry(ofBase64(kv.value));
  const modRevision = revisionOf(kv.mod_revision);
  return { ...raw, modRevision, version: raw.version ?? space.generation.versionOf(modRevision) };
}

/** Whether readers see the entry now: it is no deletion, and has not expired. */
export function isLive(entry: RawEntry | undefined, nowMs: number): entry is FoundEntry {
  return entry?.value !== undefined && (entry.expiresMs === 0 || entry.expiresMs > nowMs);
}

/** The bytes of the value. `revision` is one at which the entry counts. */
export async function bytesOf(
  pieces: PieceStore,
  { value }: RawEntry,
  revision: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (value === undefined) return NOTHING;
  return isPieces(value) ? await pieces.read(value, revision) : value;
}

/** How many bytes the value has. */
export function lengthOf({ value }: RawEntry): number {
  return value?.length ?? 0;
}

/** The value as a store reads it; `undefined` if readers do not see it. */
export async function storedValue(
  pieces: PieceStore,
  entry: FoundEntry | undefined,
  revision: number,
  nowMs: number,
): Promise<StoredValue | undefined> {
  if (!isLive(entry, nowMs)) return undefined;
  const { version, expiresMs } = entry;
  return { value: await bytesOf(pieces, entry, revision), version, expiresMs };
}

/** One version of a key, whether readers see it or not. */
export async function storedVersion(
  pieces: PieceStore,
  entry: FoundEntry,
  revision: number,
  nowMs: number,
): Promise<StoredVersion> {
  const { version, expiresMs, writtenMs } = entry;
  const stored = await storedValue(pieces, entry, revision, nowMs);
  const written = writtenMs === undefined ? undefined : exactly(writtenMs);
  return { version, expiresMs, value: stored?.value, written };
}
