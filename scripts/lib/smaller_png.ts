/**
 * Makes a PNG of a page smaller: with at most 256 colors, which are near enough for text and lines.
 *
 * @module
 */

import { crc32, deflateSync, inflateSync } from "node:zlib";

/** The first bytes of every PNG. */
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The kinds of pixels that a browser writes: red, green, blue, and those with a fourth byte for opacity. */
const BYTES_A_PIXEL: Readonly<Record<number, number>> = { 2: 3, 6: 4 };
const MOST_COLORS = 256;

/** The same picture with fewer colors. Throws for a PNG that no browser writes. */
export function smallerPng(png: Buffer): Buffer {
  const parts = partsOf(png);
  const header = parts.find(({ type }) => type === "IHDR")?.data ?? Buffer.alloc(13);
  const [width, height, depth, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9] ?? 0];
  const size = BYTES_A_PIXEL[kind];
  if (depth !== 8 || size === undefined || header[12] !== 0)
    throw new Error("Cannot read the PNG: expected 8 bits a color");
  const data = Buffer.concat(parts.filter(({ type }) => type === "IDAT").map((part) => part.data));
  const rows = unfiltered(inflateSync(data), { width, height, size });
  for (let bits = 6; bits >= 3; bits--) {
    const found = indexed(rows, { width, height, size }, bits);
    if (found) return written(width, height, found);
  }
  throw new Error("Cannot find 256 colors for the PNG");
}

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly size: number;
}

function partsOf(png: Buffer): { type: string; data: Buffer }[] {
  const parts: { type: string; data: Buffer }[] = [];
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    parts.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return parts;
}

/** The pixels, without the filters of the format (PNG, 9.2). */
function unfiltered(bytes: Buffer, { width, height, size }: Shape): Buffer {
  const line = width * size;
  const pixels = Buffer.alloc(line * height);
  for (let y = 0; y < height; y++) {
    const filter = bytes[y * (line + 1)] ?? 0;
    for (let x = 0; x < line; x++) {
      const at = y * line + x;
      const left = x >= size ? (pixels[at - size] ?? 0) : 0;
      const up = y > 0 ? (pixels[at - line] ?? 0) : 0;
      const corner = x >= size && y > 0 ? (pixels[at - line - size] ?? 0) : 0;
      const added = [0, left, up, (left + up) >> 1, nearest(left, up, corner)][filter] ?? 0;
      pixels[at] = (bytes[y * (line + 1) + 1 + x] ?? 0) + added;
    }
  }
  return pixels;
}

function nearest(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

interface Indexed {
  readonly colors: Buffer;
  readonly lines: Buffer;
}

/** The number of a color for each pixel, or `undefined` if there are too many. */
function indexed(pixels: Buffer, { width, height, size }: Shape, bits: number): Indexed | undefined {
  const step = 255 / (2 ** bits - 1);
  const round = (value: number) => Math.round(Math.round(value / step) * step);
  const numbers = new Map<number, number>();
  const lines = Buffer.alloc((width + 1) * height);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = [0, 1, 2].map((each) => round(pixels[i * size + each] ?? 0));
    const color = ((red ?? 0) << 16) | ((green ?? 0) << 8) | (blue ?? 0);
    let number = numbers.get(color);
    if (number === undefined) {
      if (numbers.size === MOST_COLORS) return undefined;
      number = numbers.size;
      numbers.set(color, number);
    }
    lines[Math.floor(i / width) * (width + 1) + 1 + (i % width)] = number;
  }
  return {
    colors: Buffer.from([...numbers.keys()].flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255])),
    lines,
  };
}

function written(width: number, height: number, { colors, lines }: Indexed): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits, colors by their number.
  header.set([8, 3], 8);
  const data = deflateSync(lines, { level: 9, memLevel: 9 });
  return Buffer.concat([
    SIGNATURE,
    part("IHDR", header),
    part("PLTE", colors),
    part("IDAT", data),
    part("IEND", Buffer.alloc(0)),
  ]);
}

function part(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
