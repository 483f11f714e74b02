/**
 * The real engine with one export replaced.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import binaryen from "binaryen";

const ARTEFACT = new URL("../../engine/luge_engine.wasm", import.meta.url);

/** An engine whose export `name` traps when it is called. */
export function engineThatTrapsIn(name: string): Uint8Array {
  return alter(name, (module) => module.unreachable());
}

/** An engine whose export `name` returns `value`. */
export function engineThatReturns(name: string, value: number): Uint8Array {
  return alter(name, (module) => module.i32.const(value));
}

/**
 * An engine whose export `name`, which takes a number, counts to 2^32 and then traps. That takes seconds. Not for ever: Bun
 * cannot end a thread within WebAssembly.
 */
export function engineThatHangsIn(name: string): Uint8Array {
  return alter(name, ({ block, i32, local, loop, br_if, unreachable }) => {
    const count = (): number => local.get(0, binaryen.i32);
    const next = local.set(0, i32.sub(count(), i32.const(1)));
    return block(null, [
      local.set(0, i32.const(0)),
      loop("on", block(null, [next, br_if("on", count())])),
      unreachable(),
    ]);
  });
}

/** An engine whose memory does not grow, and is just large enough for it to start. */
export function engineWithLittleMemory(): Uint8Array {
  const wasi = new Proxy({}, { get: () => () => BAD_DESCRIPTOR });
  for (let pages = 1; ; pages++) {
    const engine = engineWithMemory(pages);
    try {
      const module = new WebAssembly.Module(engine as Uint8Array<ArrayBuffer>);
      const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
      (exports._initialize as () => void)();
      // With a real file system it takes some bytes more.
      return engineWithMemory(pages + 1);
    } catch (error) {
      if (pages === MOST_PAGES) throw error;
    }
  }
}

/** An engine whose memory has `pages` of 64 KiB, and does not grow. */
function engineWithMemory(pages: number): Uint8Array {
  const bytes = new Uint8Array(readFileSync(ARTEFACT));
  let at = PREAMBLE_BYTES;
  while (bytes[at] !== MEMORY_SECTION) {
    const [length, body] = readNumber(bytes, at + 1);
    at = body + length;
  }
  const [length, body] = readNumber(bytes, at + 1);
  const limits = [1, HAS_MAXIMUM, ...numberBytes(pages), ...numberBytes(pages)];
  const section = [MEMORY_SECTION, ...numberBytes(limits.length), ...limits];
  return Uint8Array.from([...bytes.subarray(0, at), ...section, ...bytes.subarray(body + length)]);
}

/** WASI's EBADF. */
const BAD_DESCRIPTOR = 8;
const MOST_PAGES = 256;
/** The magic number and the version. */
const PREAMBLE_BYTES = 8;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/** Reads an unsigned LEB128 number. Returns it, and where it ends. */
function readNumber(bytes: Uint8Array, from: number): [number: number, end: number] {
  let [number, at, shift] = [0, from, 0];
  for (;;) {
    const byte = bytes[at++] ?? 0;
    number += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [number, at];
    shift += 7;
  }
}

function numberBytes(number: number): number[] {
  return number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...numberBytes(number >>> 7)];
}

function alter(name: string, body: (module: binaryen.Module) => number): Uint8Array {
  const module = binaryen.readBinary(readFileSync(ARTEFACT));
  try {
    const { value: original } = binaryen.getExportInfo(module.getExport(name));
    const { params, results } = binaryen.getFunctionInfo(module.getFunction(original));
    module.removeExport(name);
    module.addFunction("replacement", params, results, [], body(module));
    module.addFunctionExport("replacement", name);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
