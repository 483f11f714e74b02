/**
 * Damages of a store's files. A few numbers describe each damage, so one line of text repeats it.
 *
 * @module
 */

import type { Random } from "../../lib/random.ts";
import type { Image } from "../stores/image.ts";
import type { Shape } from "../stores/shapes.ts";

/** The kind of damage to a file. */
export type DamageKind =
  | "bit flip"
  | "zeroed sector"
  | "garbage sector"
  | "stale sector"
  | "misdirected sector"
  | "truncated"
  | "extended"
  | "deleted"
  | "stale file"
  | "file of another store"
  | "files swapped"
  | "foreign file";

/** All kinds. */
export const DAMAGE_KINDS: readonly DamageKind[] = [
  "bit flip",
  "zeroed sector",
  "garbage sector",
  "stale sector",
  "misdirected sector",
  "truncated",
  "extended",
  "deleted",
  "stale file",
  "file of another store",
  "files swapped",
  "foreign file",
];

/** A damaged store. */
export interface Damaged {
  readonly kind: DamageKind;
  readonly file: string;
  /** The offset at which the damage begins, in bytes. */
  readonly offset: number;
  readonly image: Image;
}

/** The stores that a damage takes its bytes from. */
export interface Sources {
  readonly shape: Shape;
  /** A store of the same shape with other data. */
  readonly other: Shape;
}

const SECTORS: readonly number[] = [512, 4096];
/** Files that a store might have had, or that somebody else left. */
const FOREIGN: readonly string[] = [
  "index/snap.0000000000000001.generating",
  "index/snap.7FFFFFFFFFFFFFFF",
  "index/conf.tmp",
  "index/blobs/1",
  "log/0000000999.luge",
  "log/0000000001.luge",
  "log/notes.txt",
  "upper/0000000999.luge",
  "bottom/0000000999.luge",
  "LUGE.tmp",
  "LOCK.9999999999",
  "notes.txt",
];

/** A damage of one kind; `undefined` if it would change nothing. */
export function damage({ shape, other }: Sources, kind: DamageKind, random: Random): Damaged | undefined {
  const { image } = shape;
  const file = random.pick([...image.keys()]);
  const bytes = image.get(file) as Uint8Array;
  const stale = shape.stale.get(file);
  switch (kind) {
    case "bit flip":
      return flip(image, file, interesting(bytes, random), 1 << random.below(8));
    case "zeroed sector":
      return sector(image, kind, file, random, (size) => new Uint8Array(size));
    case "garbage sector":
      return sector(image, kind, file, random, (size) => random.manyBytes(size));
    case "stale sector":
      return stale && sector(image, kind, file, random, (size, at) => stale.subarray(at, at + size));
    case "misdirected sector": {
      const from = image.get(random.pick([file, file, random.pick([...image.keys()])])) as Uint8Array;
      return sector(image, kind, file, random, (size) => sectorAt(from, size, interesting(from, random)));
    }
    case "truncated":
      return truncate(image, file, random.below(3) === 0 ? random.below(bytes.length) : interesting(bytes, random));
    case "extended":
      return extended(image, file, random);
    case "deleted":
      return { kind, file, offset: 0, image: without(image, file) };
    case "stale file":
      return replaced(image, kind, file, stale);
    case "file of another store":
      return replaced(image, kind, file, other.image.get(file));
    case "files swapped":
      return swapped(image, file, random);
    case "foreign file":
      return foreign(image, random, [shape.stale, other.image]);
  }
}

/** The file cut to `size` bytes. */
export function truncate(image: Image, file: string, size: number): Damaged | undefined {
  const bytes = image.get(file) as Uint8Array;
  if (size >= bytes.length) return undefined;
  return { kind: "truncated", file, offset: size, image: withFile(image, file, bytes.slice(0, size)) };
}

/** One byte with some bits inverted. */
export function flip(image: Image, file: string, offset: number, bits: number): Damaged {
  const bytes = (image.get(file) as Uint8Array).slice();
  bytes[offset] = (bytes[offset] as number) ^ bits;
  return { kind: "bit flip", file, offset, image: withFile(image, file, bytes) };
}

/** An offset in the written part of a file. Damage in the zeros at the end of a file has no effect. */
function interesting(bytes: Uint8Array, random: Random): number {
  const end = writtenEnd(bytes);
  return random.below(10) === 0 ? random.below(bytes.length) : random.below(end);
}

const ends: WeakMap<Uint8Array, number> = new WeakMap();

/** The end of the written part: the offset after the last byte that is not zero, and at least 1. */
export function writtenEnd(bytes: Uint8Array): number {
  let end = ends.get(bytes) ?? bytes.length;
  while (end > 1 && bytes[end - 1] === 0) end -= 1;
  ends.set(bytes, end);
  return end;
}

function sector(
  image: Image,
  kind: DamageKind,
  file: string,
  random: Random,
  content: (size: number, at: number) => Uint8Array,
): Damaged | undefined {
  const bytes = image.get(file) as Uint8Array;
  const size = random.pick(SECTORS);
  const at = interesting(bytes, random);
  const start = at - (at % size);
  const put = content(size, start).subarray(0, bytes.length - start);
  if (Buffer.compare(put, bytes.subarray(start, start + put.length)) === 0) return undefined;
  const damaged = bytes.slice();
  damaged.set(put, start);
  return { kind, file, offset: start, image: withFile(image, file, damaged) };
}

function sectorAt(bytes: Uint8Array, size: number, offset: number): Uint8Array {
  const start = offset - (offset % size);
  return bytes.subarray(start, start + size);
}

function extended(image: Image, file: string, random: Random): Damaged {
  const bytes = image.get(file) as Uint8Array;
  const size = 1 + random.below(10_000);
  const tail = random.below(2) === 0 ? random.manyBytes(size) : new Uint8Array(size);
  const whole = Buffer.concat([bytes, tail]);
  return { kind: "extended", file, offset: bytes.length, image: withFile(image, file, whole) };
}

function replaced(image: Image, kind: DamageKind, file: string, by: Uint8Array | undefined): Damaged | undefined {
  if (!by || Buffer.compare(by, image.get(file) as Uint8Array) === 0) return undefined;
  return { kind, file, offset: 0, image: withFile(image, file, by) };
}

function swapped(image: Image, file: string, random: Random): Damaged | undefined {
  const with_ = random.pick([...image.keys()]);
  if (with_ === file) return undefined;
  const [a, b] = [image.get(file) as Uint8Array, image.get(with_) as Uint8Array];
  return { kind: "files swapped", file, offset: 0, image: withFile(withFile(image, file, b), with_, a) };
}

function foreign(image: Image, random: Random, others: readonly Image[]): Damaged | undefined {
  if (random.below(2) === 0) {
    const name = random.pick(FOREIGN);
    if (image.has(name)) return undefined;
    const content = random.manyBytes(random.pick([0, 20, 5000]));
    return { kind: "foreign file", file: name, offset: 0, image: withFile(image, name, content) };
  }
  const left = random.pick(others);
  const name = random.pick([...left.keys()]);
  if (image.has(name)) return undefined;
  return { kind: "foreign file", file: name, offset: 0, image: withFile(image, name, left.get(name) as Uint8Array) };
}

function withFile(image: Image, file: string, bytes: Uint8Array): Image {
  return new Map(image).set(file, bytes);
}

function without(image: Image, file: string): Image {
  const rest = new Map(image);
  rest.delete(file);
  return rest;
}
