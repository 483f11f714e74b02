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
