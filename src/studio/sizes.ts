/**
 * How large ranges are, and where in a range a key is: by estimates, which read no more than a little.
 *
 * @module
 */

import type { AsyncStore } from "../api/async_store.ts";
import type { KeyRange } from "../api/range.ts";
import type { AsyncReader } from "../api/reader.ts";
import { toBase64 } from "../base64.ts";
import { compareBytes, withZero } from "../bytes.ts";
import { type Bytes, keyBetween } from "./byte_keys.ts";
import type { WireLandmark, WireSize } from "./wire.ts";

/** A range that is known to be in the store. */
type Range = KeyRange<Bytes>;

/** How many entries say how large an entry is, and how many of their keys are read at once. */
const [SAMPLED, SAMPLED_AT_ONCE] = [4000, 500];
/** How many landmarks a range gets. */
const LANDMARKS = 64;
/** How many places a search for a key between two others looks at. */
const PROBES = 24;
/** How far from the middle a key may be that divides a range, as a part of it. */
const NEAR = 0.2;

/** A store, and its state at the version that is shown. */
interface Sized {
  readonly store: AsyncStore;
  readonly reader: AsyncReader;
}

/** Counts a range up to `most` entries. Beyond that it estimates: the bytes of the range by those of its first entries. */
export async function sizeOfRange(
  { store, reader }: Sized,
  range: Range,
  { most, signal }: { readonly most: number; readonly signal: AbortSignal },
): Promise<WireSize> {
  const bytes = await store.approximateSize(range, { signal });
  const count = await reader.count({ ...range, limit: most }, { signal });
  if (count < most) return { count, isExact: true, bytes };
  const entryBytes = await bytesOfEntry({ store, reader }, range, signal);
  return { count: Math.max(count, Math.round(bytes / entryBytes)), isExact: false, bytes };
}

/** About how many bytes an entry of the range takes: the size of the part that the first entries are in. */
async function bytesOfEntry({ store, reader }: Sized, range: Range, signal: AbortSignal): Promise<number> {
  using cursor = reader.keys({ ...range, keyEncoding: "bytes" }).cursor();
  let [first, last, seen]: [Bytes | undefined, Bytes | undefined, number] = [undefined, undefined, 0];
  while (seen < SAMPLED) {
    signal.throwIfAborted();
    const some = (await cursor.nextMany(SAMPLED_AT_ONCE)) as Bytes[];
    first ??= some[0];
    last = some.at(-1) ?? last;
    seen += some.length;
    if (some.length < SAMPLED_AT_ONCE) break;
  }
  if (!first || !last) return 1;
  const bytes = await store.approximateSize({ gte: first, lte: last }, { signal });
  return Math.max(1, bytes / seen);
}

interface Piece {
  readonly from: Bytes;
  readonly to: Bytes;
  readonly bytes: number;
}

/**
 * Finds keys that divide a range into parts of about equal size. It halves the largest part again and again. Each step looks
 * at a few keys, and asks for the sizes of as many parts. It ends early after `ms`.
 */
export async function landmarksOf(
  store: AsyncStore,
  range: Range,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<WireLandmark[]> {
  const end = performance.now() + ms;
  const first = await endKey(store, { ...range, reverse: false });
  const last = await endKey(store, { ...range, reverse: true });
  if (!first || !last) return [];
  const sizeOf = (from: Bytes, to: Bytes) => store.approximateSize({ gte: from, lt: to }, { signal });
  const pieces: Piece[] = [{ from: first, to: last, bytes: await sizeOf(first, last) }];
  while (pieces.length < LANDMARKS && performance.now() < end) {
    const largest = pieces.reduce((a, b) => (b.bytes > a.bytes ? b : a));
    const middle = largest.bytes > 0 ? await middleOf(store, largest, signal) : undefined;
    if (!middle) {
      // Nothing to divide: it must not be looked at again.
      if (largest.bytes === 0) break;
      pieces[pieces.indexOf(largest)] = { ...largest, bytes: 0 };
      continue;
    }
    const halves = [
      { from: largest.from, to: middle, bytes: await sizeOf(largest.from, middle) },
      { from: middle, to: largest.to, bytes: await sizeOf(middle, largest.to) },
    ];
    pieces.splice(pieces.indexOf(largest), 1, ...halves);
  }
  const total = Math.max(
    1,
    pieces.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  let before = 0;
  const landmarks = pieces.map(({ from, bytes }) => {
    const landmark = { key: toBase64(from), before: before / total };
    before += bytes;
    return landmark;
  });
  return [...landmarks, { key: toBase64(last), before: 1 }];
}

async function endKey(reader: AsyncReader, range: Range): Promise<Bytes | undefined> {
  using cursor = reader.keys({ ...range, keyEncoding: "bytes" }).cursor();
  return (await cursor.nextMany(1))[0] as Bytes | undefined;
}

/**
 * A key of the store between the two ends of a piece, near the middle of its bytes. The search goes on between keys that are
 * there: so it reaches the keys of a long prefix at once, also if the other end is a key far behind them all.
 */
async function middleOf(store: AsyncStore, piece: Piece, signal: AbortSignal): Promise<Bytes | undefined> {
  const { from, to, bytes } = piece;
  let [low, high] = [from, to];
  let nearest: { readonly key: Bytes; readonly distance: number } | undefined;
  for (let probe = 0; probe < PROBES; probe++) {
    const middle = keyBetween(low, high, 0.5);
    if (compareBytes(middle, low) <= 0 || compareBytes(middle, high) >= 0) break;
    const part = (await store.approximateSize({ gte: from, lt: middle }, { signal })) / bytes;
    const after = await endKey(store, { gte: middle, lt: to });
    const distance = Math.abs(part - 0.5);
    if (after && compareBytes(after, from) > 0 && (!nearest || distance < nearest.distance)) {
      nearest = { key: after, distance };
    }
    if (after && distance < NEAR) break;
    const bound = part < 0.5 ? after : await endKey(store, { gt: from, lt: middle, reverse: true });
    // Nothing is on that side.
    if (!bound) break;
    if (part < 0.5) low = bound;
    else high = bound;
  }
  return nearest?.key ?? (await endKey(store, { gte: withZero(from), lt: to }));
}
