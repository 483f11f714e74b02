/**
 * The engine with bounded memory: it refuses to grow above the bound.
 *
 * @module
 */

import { readFileSync } from "node:fs";

const ARTEFACT = new URL("../../../engine/luge_engine.wasm", import.meta.url);
const PAGE_BYTES = 65_536;
const MAGIC_BYTES = 8;
const MEMORY_SECTION = 5;
/** The memory section of the artefact: one memory, without a maximum. */
const ONE_UNBOUNDED = [1, 0];

/** The bytes of an engine whose memory cannot grow above `bytes`, or above its initial size if that is more. */
export function boundedEngine(bytes: number): Uint8Array<ArrayBuffer> {
  const module = new Uint8Array(readFileSync(ARTEFACT));
  for (let at = MAGIC_BYTES; at < module.length; ) {
    const [length, content] = readVarint(module, at + 1);
    const end = content + length;
    if (module[at] === MEMORY_SECTION)
      return withSection(module, at, end, bounded(module.subarray(content, end), bytes));
    at = end;
  }
  throw new Error("the engine has no memory");
}

/** A memory section with a maximum. */
function bounded(section: Uint8Array, bytes: number): number[] {
  if (ONE_UNBOUNDED.some((byte, i) => section[i] !== byte)) throw new Error("the engine's memory is not as expected");
  const [initial] = readVarint(section, ONE_UNBOUNDED.length);
  const maximum = Math.max(initial, Math.floor(bytes / PAGE_BYTES));
  return [1, 1, ...varint(initial), ...varint(maximum)];
}

function withSection(module: Uint8Array, start: number, end: number, content: number[]): Uint8Array<ArrayBuffer> {
  const section = [MEMORY_SECTION, ...varint(content.length), ...content];
  return new Uint8Array([...module.subarray(0, start), ...section, ...module.subarray(end)]);
}

/** The number at an offset, and the offset after it. */
function readVarint(bytes: Uint8Array, at: number): [number, number] {
  let [value, shift, next] = [0, 0, at];
  for (;;) {
    const byte = bytes[next] as number;
    next += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, next];
    shift += 7;
  }
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
