/**
 * Changes of the content of a backup. They ignore its digests, which are computed later.
 *
 * @module
 */

import { EntryKind, FrameKind, HAS_EXPIRY } from "../../../src/backup/format.ts";
import {
  type Anatomy,
  counted,
  entriesOf,
  type Frame,
  joined,
  payloadOf,
  plain,
  type RawEntry,
} from "../../lib/backup_anatomy.ts";
import type { Random } from "../../lib/random.ts";

/** Numbers at which readers often fail. */
const NUMBERS = [0, 1, 2, 7, 127, 128, 16_383, 16_384, 65_000, 65_001, 65_536, 2 ** 26, 2 ** 26 + 1] as const;
const LARGE_NUMBERS = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 8.64e15, 8.64e15 + 1, 2 ** 53 - 2, 2 ** 53 - 1, 2 ** 53] as const;
const KINDS = [0, 1, 2, 3, 4, 0x80, 0x81, 0x82, 0x83, 0x84] as const;

/** A copy with up to four changes. Mostly its trailer matches. */
export function mutationOf(backup: Anatomy, random: Random): Anatomy {
  let changed = backup;
  for (let i = random.below(4); i >= 0; i--) changed = mutated(changed, random);
  return random.below(8) === 0 ? changed : counted(changed);
}

function mutated(backup: Anatomy, random: Random): Anatomy {
  const { fields, frames } = backup;
  switch (random.below(8)) {
    case 0: {
      const at = random.below(5);
      return { fields: fields.map((field, index) => (index === at ? numberNear(field, random) : field)), frames };
    }
    case 1:
      return { fields, frames: reordered(frames, random) };
    case 2:
      return withFrame(backup, random, (frame) => ({ ...frame, payload: damaged(frame.payload, random) }));
    case 3:
      return withFrame(backup, random, (frame) => ({ ...frame, kind: random.below(5) }));
    default:
      return withFrame(backup, random, (frame) => {
        const entries = frame.kind === FrameKind.Entries ? entriesOf(frame.payload) : undefined;
        return entries ? { ...frame, payload: payloadOf(changedEntries(entries, random)) } : frame;
      });
  }
}

function withFrame({ fields, frames }: Anatomy, random: Random, change: (frame: Frame) => Frame): Anatomy {
  const at = random.below(Math.max(frames.length, 1));
  return { fields, frames: frames.map((frame, index) => (index === at ? change(frame) : frame)) };
}

/** The elements with some missing, doubled or in another order. */
function reordered<T>(elements: readonly T[], random: Random): T[] {
  const copy = elements.slice();
  const at = random.below(Math.max(copy.length, 1));
  const [element] = copy.splice(at, 1);
  if (element === undefined) return copy;
  for (let i = random.below(3); i > 0; i--) copy.splice(random.below(copy.length + 1), 0, element);
  return copy;
}

function changedEntries(entries: readonly RawEntry[], random: Random): RawEntry[] {
  if (random.below(4) === 0) return reordered(entries, random);
  const at = random.below(Math.max(entries.length, 1));
  return entries.map((entry, index) => (index === at ? changedEntry(entry, random) : entry));
}

function changedEntry(entry: RawEntry, random: Random): RawEntry {
  const { kind, key, version, value, length, expiresMs } = entry;
  switch (random.below(8)) {
    case 0:
      return { ...entry, key: damaged(key, random) };
    case 1:
      return { ...entry, version: numberNear(version, random) };
    case 2:
      return { ...entry, length: numberNear(length, random) };
    case 3:
      return { ...entry, kind: kind | HAS_EXPIRY, expiresMs: numberNear(expiresMs, random) };
    case 4:
      return { ...entry, kind: random.pick(KINDS) };
    case 5:
      return { ...entry, kind: (kind & HAS_EXPIRY) | EntryKind.Deleted, value: new Uint8Array(0), length: 0 };
    default: {
      if (plain(kind) !== EntryKind.Value) return { ...entry, key: joined(key, Uint8Array.of(random.below(256))) };
      const other = damaged(value, random);
      return { ...entry, value: other, length: other.length };
    }
  }
}

function numberNear(number: number, random: Random): number {
  switch (random.below(4)) {
    case 0:
      return number + 1;
    case 1:
      return Math.max(number - 1, 0);
    case 2:
      return random.pick(LARGE_NUMBERS);
    default:
      return random.pick(NUMBERS);
  }
}

/** The bytes with bits flipped, or bytes missing, added or doubled. */
function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(16, bytes.length - at + 1));
  switch (random.below(4)) {
    case 0:
      return at < bytes.length ? bytes.with(at, (bytes[at] ?? 0) ^ (1 << random.below(8))) : bytes;
    case 1:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 2:
      return joined(bytes.subarray(0, at), random.bytes(length), bytes.subarray(at));
    default:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
  }
}
