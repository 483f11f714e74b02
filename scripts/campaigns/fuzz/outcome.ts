/**
 * Checks the restore of any bytes. Either they are refused as the documentation says, and nothing changes. Or the store
 * has exactly the content of the backup.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type BackupInfo, inspectBackup, MemoryStore, type Store, StoreError } from "../../../mod.ts";
import { EntryKind, FrameKind } from "../../../src/backup/format.ts";
import {
  type Anatomy,
  counted,
  entriesOf,
  type Frame,
  joined,
  payloadOf,
  plain,
  putTogether,
  type RawEntry,
  takeApart,
} from "../../lib/backup_anatomy.ts";
import { contentsOf, KINDS, type Kind, lineOf, streamOf } from "../backups/contents.ts";

/** The outcome of a restore. */
export type Outcome = "restored" | "refused";

const KEPT = Buffer.from("kept");

/** Restores the bytes to stores of both kinds, or only to one in memory, and checks the outcome. */
export async function outcomeOf(bytes: Uint8Array, kinds: readonly Kind[] = KINDS): Promise<Outcome> {
  const info = await inspected(bytes);
  for (const { make } of kinds) {
    await using store = await make({ numVersionsToKeep: 3 });
    await begin(store, info?.isIncrement ? info.from : 0);
    const before = [store.version, contentsOf(store)];
    const refused = await store.restore(streamOf(bytes, 1000)).then(() => undefined, requireRefusal);
    if (refused) {
      assert.deepEqual([store.version, contentsOf(store)], before);
      assert.ok(!info, `a backup that is sound is refused: ${refused.message}`);
    } else {
      assert.ok(info, "a backup that is not sound is restored");
      await requireContent(store, bytes, info);
    }
  }
  return info ? "restored" : "refused";
}

async function inspected(bytes: Uint8Array): Promise<BackupInfo | undefined> {
  const result = await inspectBackup(streamOf(bytes)).catch((error: unknown) =>
    requireRefusal(error, "BACKUP_INVALID"),
  );
  return result instanceof StoreError ? undefined : result;
}

function requireRefusal(error: unknown, only?: "BACKUP_INVALID"): StoreError {
  assert.ok(error instanceof StoreError, `refused with another error: ${String(error)}`);
  const invalid = error.code === "BACKUP_INVALID" && /^Wrong backup, at byte \d+: \S/.test(error.message);
  assert.ok(invalid || (!only && error.code === "BACKUP_MISMATCH"), `${error.code} ${error.message}`);
  return error;
}

/** Brings a store to a version, with one entry. */
async function begin(store: Store, version: number): Promise<void> {
  if (version === 0) return;
  const frame = { kind: FrameKind.Entries, payload: payloadOf([keptAt(version)]) };
  await store.restore(streamOf(await putTogether(counted({ fields: [0, 0, version, 0, 1], frames: [frame] }))));
}

function keptAt(version: number): RawEntry {
  return { kind: EntryKind.Value, key: KEPT, version, expiresMs: 0, length: KEPT.length, value: KEPT };
}

/** Checks that the store has the content of the backup, accepts writes, and makes a backup with the same content. */
async function requireContent(store: Store, bytes: Uint8Array, info: BackupInfo): Promise<void> {
  const expected = linesOf(takeApart(bytes), info);
  assert.equal(store.version, info.to);
  assert.deepEqual(contentsOf(store), expected);
  await using copy = new MemoryStore();
  await copy.restore(store.backup());
  assert.deepEqual([copy.version, contentsOf(copy)], [info.to, expected]);
  await store.put(KEPT, "later");
  assert.ok(store.version > info.to);
}

/** The expected lines of `contentsOf`, for a store that was at the version before. */
function linesOf({ frames }: Anatomy, { isIncrement, from }: BackupInfo): string[] {
  const lines = new Map<string, string>();
  const set = ({ key, version, expiresMs }: RawEntry, value: Uint8Array | undefined) => {
    const name = Buffer.from(key).toString("latin1");
    const isThere = value && (expiresMs === 0 || expiresMs > Date.now());
    if (isThere)
      lines.set(
        name,
        lineOf(key, { value: value.slice(), version, ...(expiresMs > 0 ? { expiresAt: expiresMs } : {}) }),
      );
    else lines.delete(name);
  };
  if (isIncrement && from > 0) set(keptAt(from), KEPT);
  for (const [index, { kind, payload }] of frames.entries()) {
    for (const entry of kind === FrameKind.Entries ? (entriesOf(payload) ?? []) : []) {
      if (plain(entry.kind) === EntryKind.InPieces) set(entry, piecesBehind(frames, index));
      else set(entry, plain(entry.kind) === EntryKind.Value ? entry.value : undefined);
    }
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

function piecesBehind(frames: readonly Frame[], index: number): Uint8Array {
  const behind = frames.slice(index + 1);
  const count = behind.findIndex(({ kind }) => kind !== FrameKind.Piece);
  return joined(...behind.slice(0, count).map(({ payload }) => payload));
}
