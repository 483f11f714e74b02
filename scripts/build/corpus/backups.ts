/**
 * The first inputs of the fuzz target for backups, and some inputs that it refuses.
 *
 * @module
 */

import { MemoryStore } from "../../../mod.ts";
import { EntryKind, FrameKind, HAS_EXPIRY } from "../../../src/backup/format.ts";
import {
  type Anatomy,
  counted,
  type Frame,
  joined,
  payloadOf,
  putTogether,
  type RawEntry,
  takeApart,
} from "../../lib/backup_anatomy.ts";
import { golden } from "./golden.ts";

/** The time in the header of these backups. */
const CREATED = 1_750_000_000_000;
const YEAR_2100 = 4_102_444_800_000;

/** The inputs by name. */
export async function backups(): Promise<Record<string, Uint8Array>> {
  await using store = new MemoryStore();
  await store.batch([
    { type: "put", key: "a", value: "value" },
    { type: "put", key: "städte/köln", value: "ÄÖÜ" },
    { type: "put", key: "z", value: new Uint8Array(0) },
  ]);
  const since = store.version;
  const written = async (options = {}): Promise<Anatomy> => {
    const parts: Uint8Array[] = [];
    for await (const part of store.backup(options)) parts.push(part);
    const { fields, frames } = takeApart(joined(...parts));
    return { fields: fields.with(3, CREATED), frames };
  };
  const full = await written();
  await store.delete("a");
  await store.put("b", "later");
  const increment = await written({ since });
  const [first = { kind: 0, payload: new Uint8Array(0) }, trailer = first] = full.frames;
  const made = (fields: number[], ...entries: Partial<RawEntry>[]): Anatomy =>
    counted({ fields: [...fields, CREATED, 1], frames: entries.length > 0 ? [frameOf(entries)] : [] });
  const anatomies: Record<string, Anatomy> = {
    full,
    increment,
    "made-empty": made([0, 0, 0]),
    "made-nothing-since": made([1, 7, 7]),
    "made-kinds": made(
      [1, 2, 2 ** 53 - 2],
      { key: Buffer.of(0), version: 3 },
      { key: Buffer.of(0, 0), version: 4, kind: EntryKind.Value | HAS_EXPIRY, expiresMs: YEAR_2100 },
      { key: Buffer.from("gone"), version: 5, kind: EntryKind.Value | HAS_EXPIRY, expiresMs: 1 },
      { key: Buffer.from("hidden"), version: 6, kind: EntryKind.Expired | HAS_EXPIRY, expiresMs: 1 },
      { key: Buffer.from("kept"), version: 2 ** 53 - 2, kind: EntryKind.Deleted },
    ),
    "made-two-frames": counted({
      fields: [0, 0, 9, CREATED, 3],
      frames: [frameOf([{ key: Buffer.from("a"), version: 9 }]), frameOf([{ key: Buffer.from("b"), version: 1 }])],
    }),
    "refused-order": made([0, 0, 9], { key: Buffer.from("b") }, { key: Buffer.from("a") }),
    "refused-same-key": made([0, 0, 9], { key: Buffer.from("b") }, { key: Buffer.from("b"), version: 2 }),
    "refused-empty-key": made([0, 0, 9], { key: Buffer.of() }),
    "refused-version-above": made([0, 0, 9], { version: 10 }),
    "refused-version-not-above": made([1, 5, 9], { version: 5 }),
    "refused-from-above-to": made([1, 9, 5]),
    "refused-full-from": made([0, 4, 5]),
    "refused-flags": made([2, 0, 5]),
    "refused-kind": made([0, 0, 9], { kind: 4 }),
    "refused-expiry-zero": made([0, 0, 9], { kind: EntryKind.Value | HAS_EXPIRY, expiresMs: 0 }),
    "refused-expired-without-expiry": made([0, 0, 9], { kind: EntryKind.Expired }),
    "refused-small-pieces": made([0, 0, 9], { kind: EntryKind.InPieces }),
    "refused-pieces-missing": made([0, 0, 9], { kind: EntryKind.InPieces, length: 64 * 1024 * 1024 }),
    "refused-number-unsafe": made([0, 0, 2 ** 53]),
    "refused-trailer": { ...full, frames: [first, { ...trailer, payload: trailer.payload.with(0, 9) }] },
    "refused-no-trailer": { ...full, frames: [first] },
    "refused-two-trailers": { ...full, frames: [first, trailer, trailer] },
    "refused-piece-alone": counted({ ...full, frames: [{ kind: FrameKind.Piece, payload: new Uint8Array(9) }] }),
  };
  const files = Object.entries(anatomies).map(async ([name, anatomy]) => [name, await putTogether(anatomy)] as const);
  return { "golden-increment": golden("backups", "increment.backup"), ...Object.fromEntries(await Promise.all(files)) };
}

/** A frame with entries. A field that is missing has a default: for example, a put at version 1. */
function frameOf(entries: readonly Partial<RawEntry>[]): Frame {
  const value = Buffer.from("value");
  const usual = {
    kind: EntryKind.Value,
    key: Buffer.from("key"),
    version: 1,
    expiresMs: 0,
    length: value.length,
    value,
  };
  return { kind: FrameKind.Entries, payload: payloadOf(entries.map((entry) => ({ ...usual, ...entry }))) };
}
