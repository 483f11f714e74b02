/**
 * The keys of a store as a tree: each level groups what begins with the same part.
 *
 * A level is read by leaps: from the first key of a branch to the first key after the branch. So a branch with a million keys
 * costs as much as one with two.
 *
 * @module
 */

import type { AsyncReader } from "../api/reader.ts";
import { successor } from "../byte_range.ts";
import { compareBytes, hexOf, withZero } from "../bytes.ts";
import { decodeTuple, encodeTuple } from "../keys/mod.ts";
import { type Bytes, startsWith } from "./byte_keys.ts";
import { spacedHex } from "./bytes_text.ts";
import type { WireDivision } from "./wire.ts";

/** A branch as bytes: see `WireBranch`. */
export interface Branch {
  readonly label: string;
  readonly start: Bytes;
  readonly gte: Bytes;
  readonly lt: Bytes | undefined;
}

/** One level. */
export interface Level {
  readonly branches: readonly Branch[];
  readonly leaves: number;
  readonly next: Bytes | undefined;
}

/** Where a level is, and how much of it may be read. */
export interface LevelWanted {
  readonly division: WireDivision;
  /** The start of the branch above; empty for the top. */
  readonly start: Bytes;
  /** The first key that may come, to continue a level. */
  readonly from: Bytes | undefined;
  readonly most: number;
  readonly signal: AbortSignal;
}

/** How many keys that are in no branch a level passes at most. */
const MOST_LEAVES = 5000;
/** How many keys are read at once while they are in no branch. */
const STEP = 64;

/** The range of all keys below a start. */
export function rangeOf(division: WireDivision, start: Bytes): { gte: Bytes; lt: Bytes | undefined } {
  if (division.kind === "text" || start.length === 0) return { gte: start, lt: successor(start) };
  // No part of a tuple begins with FF, but the bytes of other tuples may begin with those of this one.
  const end = new Uint8Array(start.length + 1);
  end.set(start);
  end[start.length] = 255;
  return { gte: start, lt: end };
}

/** Reads one level. */
export async function readLevel(
  reader: AsyncReader,
  { division, start, from, most, signal }: LevelWanted,
): Promise<Level> {
  const { gte, lt } = rangeOf(division, start);
  const range = { ...(gte.length > 0 && { gte }), ...(lt && { lt }), keyEncoding: "bytes" } as const;
  using cursor = reader.keys(range).cursor();
  if (from) cursor.seek(from);
  const branches: Branch[] = [];
  let leaves = 0;
  for (let step = 1; ; ) {
    signal.throwIfAborted();
    const keys = (await cursor.nextMany(step)) as Bytes[];
    if (keys.length === 0) return { branches, leaves, next: undefined };
    step = Math.min(step * 2, STEP);
    for (const key of keys) {
      const branch = branchOf(division, start, key);
      if (!branch) {
        leaves += 1;
        if (leaves >= MOST_LEAVES) return { branches, leaves, next: withZero(key) };
        continue;
      }
      if (branches.length >= most) return { branches, leaves, next: branch.gte };
      branches.push(branch);
      if (!branch.lt || (lt && compareBytes(branch.lt, lt) >= 0)) return { branches, leaves, next: undefined };
      cursor.seek(branch.lt);
      step = 1;
      break;
    }
  }
}

/** The branch that a key is in, or `undefined` if the key is a leaf of this level. */
function branchOf(division: WireDivision, start: Bytes, key: Bytes): Branch | undefined {
  if (division.kind === "tuple") return tupleBranch(start, key);
  const separator = new TextEncoder().encode(division.separator);
  for (let at = start.length; at + separator.length <= key.length; at++) {
    if (!startsWith(key.subarray(at), separator)) continue;
    const own = key.slice(0, at + separator.length) as Bytes;
    return { label: labelOf(own.subarray(start.length)), start: own, ...rangeOf(division, own) };
  }
  return undefined;
}

function tupleBranch(start: Bytes, key: Bytes): Branch | undefined {
  const tuple = tupleOf(key);
  const above = tupleOf(start);
  if (!tuple || !above || tuple.length <= above.length + 1) return undefined;
  const own = encodeTuple(tuple.slice(0, above.length + 1)) as Bytes;
  return { label: shownPart(tuple[above.length]), start: own, ...rangeOf({ kind: "tuple" }, own) };
}

/** The tuple of a key, or `undefined` if its bytes are no tuple. */
export function tupleOf(key: Uint8Array): ReturnType<typeof decodeTuple> | undefined {
  try {
    return decodeTuple(key);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A part of a tuple as text. */
export function shownPart(part: unknown): string {
  if (typeof part === "bigint") return `${part}n`;
  if (part instanceof Uint8Array) return `0x${hexOf(part)}`;
  if (part instanceof Date) return part.toISOString();
  if (Array.isArray(part)) return `[${part.map(shownPart).join(", ")}]`;
  return JSON.stringify(part) ?? String(part);
}

function labelOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return spacedHex(bytes);
  }
}

/** The separators that are tried, the most usual first. */
const SEPARATORS: readonly string[] = ["/", ":", "|", "#", ".", "\0", "-", "_"];
/** How many keys of each end of the store are looked at. */
const LOOKED_AT = 100;

/** Finds how the keys of a store are divided: as tuples, by a separator that most of them have, or not at all. */
export async function findDivision(reader: AsyncReader): Promise<WireDivision | undefined> {
  const keys: Bytes[] = [];
  for (const reverse of [false, true]) {
    using cursor = reader.keys({ keyEncoding: "bytes", reverse }).cursor();
    keys.push(...((await cursor.nextMany(LOOKED_AT)) as Bytes[]));
  }
  if (keys.length === 0) return undefined;
  const share = (has: (key: Bytes) => boolean) => keys.filter(has).length / keys.length;
  if (share((key) => (tupleOf(key)?.length ?? 0) > 0) > 0.9) return { kind: "tuple" };
  const separator = SEPARATORS.find((text) => share((key) => key.includes(text.charCodeAt(0))) > 0.5);
  return separator === undefined ? undefined : { kind: "text", separator };
}
