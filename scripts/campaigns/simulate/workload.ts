/**
 * The actions of a simulated life of a store: writes of every kind, drawn from a seed.
 *
 * @module
 */

import { fillScattered, type Random } from "../../lib/random.ts";

/** The character of a life. */
export interface Profile {
  readonly name: string;
  readonly keys: number;
  /** The size of most values, in bytes. */
  readonly valueBytes: number;
  /** One in this many values has up to {@linkcode Profile.largeBytes} bytes. */
  readonly largeOneIn: number;
  readonly largeBytes: number;
  /** The most keys of a batch. */
  readonly batchKeys: number;
  readonly steps: number;
  /** One in this many calls of the disk is tried. */
  readonly sparse: number;
  /** The size of the longest keys, in bytes. Default: about 150. */
  readonly keyBytes?: number;
  /** Whether each order of magnitude is equally likely for the length of a long key. Default: each length is. */
  readonly areKeysVaried?: boolean;
  /**
   * About how many states of one disk are tried, because each costs as much time as many of another kind. Default: all.
   */
  readonly mostStates?: number;
  /** Whether one turn may write enough to fill a lane. */
  readonly floods?: boolean;
  /** Whether most steps are increments and appends. */
  readonly merges?: boolean;
  /** Whether one in a few steps is a compaction. */
  readonly compactsOften?: boolean;
}

/** From small and frequent to large and rare. Values of 4 KiB or more stay in the log. */
export const PROFILES: readonly [Profile, ...Profile[]] = [
  { name: "small", keys: 60, valueBytes: 100, largeOneIn: 40, largeBytes: 6000, batchKeys: 8, steps: 150, sparse: 1 },
  {
    name: "medium",
    keys: 150,
    valueBytes: 1500,
    largeOneIn: 30,
    largeBytes: 9000,
    batchKeys: 60,
    steps: 60,
    sparse: 2,
  },
  {
    name: "logged",
    keys: 40,
    valueBytes: 3000,
    largeOneIn: 2,
    largeBytes: 20_000,
    batchKeys: 20,
    steps: 60,
    sparse: 2,
  },
  {
    name: "wide",
    keys: 700,
    valueBytes: 3000,
    largeOneIn: 200,
    largeBytes: 9000,
    batchKeys: 150,
    steps: 40,
    sparse: 8,
    mostStates: 600,
  },
  {
    name: "huge",
    keys: 12,
    valueBytes: 60,
    largeOneIn: 6,
    largeBytes: 1_500_000,
    batchKeys: 6,
    steps: 30,
    sparse: 6,
    mostStates: 600,
  },
];

/** Cases that the profiles above leave out: index nodes in separate files, full lanes, and moves of values by jobs. */
export const EXTENDED_PROFILES: readonly Profile[] = [
  {
    name: "long keys",
    keys: 90,
    valueBytes: 100,
    largeOneIn: 20,
    largeBytes: 6000,
    batchKeys: 12,
    steps: 60,
    sparse: 10,
    keyBytes: 64_000,
    mostStates: 120,
  },
  {
    name: "many long keys",
    keys: 400,
    valueBytes: 100,
    largeOneIn: 20,
    largeBytes: 6000,
    batchKeys: 20,
    steps: 70,
    sparse: 30,
    keyBytes: 64_000,
    areKeysVaried: true,
    mostStates: 300,
    compactsOften: true,
  },
  {
    name: "longish keys",
    keys: 300,
    valueBytes: 300,
    largeOneIn: 30,
    largeBytes: 6000,
    batchKeys: 40,
    steps: 60,
    sparse: 2,
    keyBytes: 5000,
  },
  {
    name: "floods",
    keys: 8,
    valueBytes: 60,
    largeOneIn: 8,
    largeBytes: 8000,
    batchKeys: 4,
    steps: 12,
    sparse: 40,
    floods: true,
  },
  {
    // Operands in the log, some of them of lists that stay in the log.
    name: "merges",
    keys: 12,
    valueBytes: 120,
    largeOneIn: 25,
    largeBytes: 5000,
    batchKeys: 8,
    steps: 120,
    sparse: 2,
    merges: true,
  },
  {
    // Compactions move their values. The entries take enough blocks for jobs.
    name: "moved",
    keys: 400,
    valueBytes: 600,
    largeOneIn: 3,
    largeBytes: 9000,
    batchKeys: 120,
    steps: 50,
    sparse: 6,
    mostStates: 600,
    compactsOften: true,
  },
];

const SOURCE_BYTES = 1 << 16;
/** Some values repeat a piece of this many bytes, so that they can be compressed. */
const REPEATED_BYTES = 700;
const source = fillScattered(new Uint8Array(SOURCE_BYTES), 0x2545f491);

/** A value that no other commit writes: it begins with its unique number. One in three gets smaller when it is compressed. */
export function valueFor(length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const repeats = number % 3 === 0;
  const step = repeats ? REPEATED_BYTES : SOURCE_BYTES;
  for (let at = 0; at < length; at += step) {
    const shift = (number * 131 + (repeats ? 0 : at)) % (SOURCE_BYTES / 2);
    bytes.set(source.subarray(shift, Math.min(shift + step, SOURCE_BYTES, shift + length - at)), at);
  }
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** The name of a key. Some are long, and share a long prefix. */
export function keyOf(
  index: number,
  { keyBytes, areKeysVaried }: Pick<Profile, "keyBytes" | "areKeysVaried"> = {},
): string {
  if (keyBytes !== undefined && index % 4 > 0) return longKeyOf(index, keyBytes, areKeysVaried ?? false);
  return index % 7 === 0 ? `long/${"shared/".repeat(20)}${index}` : `k${index}`;
}

/** A key of any length up to `most`. Half of them have their number at the end. */
function longKeyOf(index: number, most: number, isVaried: boolean): string {
  const hash = Math.imul(index + 1, 0x9e3779b1) >>> 0;
  const length = isVaried ? Math.floor(200 * ((most - 100) / 200) ** (hash / 2 ** 32)) : 200 + (hash % (most - 300));
  return index % 2 === 0 ? `l${"s".repeat(length)}${index}` : `m${index}${"t".repeat(length)}`;
}

/** The size of a value. */
export function sizeOf(profile: Profile, random: Random): number {
  if (random.below(profile.largeOneIn) === 0) return 4 + random.below(profile.largeBytes);
  return 4 + random.below(profile.valueBytes);
}
