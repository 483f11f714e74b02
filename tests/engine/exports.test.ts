/**
 * src/wasm/interface.ts matches the engine's text. Its exports are those of the artefact, with as many arguments:
 * wasm-bindgen read them from the module into engine/luge_engine.wasm.d.ts. `tsc` checks the types. The test checks
 * that no name is missing.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as Built from "../../engine/luge_engine.wasm.d.ts";
import { INTERFACE, interfaceModule } from "../../scripts/engine/interface.ts";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import {
  ABI_VERSION,
  type EngineExports,
  RangeFlag,
  ReplyNumber,
  ReplyWord,
  Status,
} from "../../src/wasm/interface.ts";
import { loadEngine } from "../../src/wasm/load.ts";
import { nodeTest } from "../support/node_only.ts";

type Exports = typeof Built;
type Arity<F> = F extends (...values: infer Arguments) => unknown ? Arguments["length"] : undefined;
/** Names with a different number of arguments. */
type Differing = {
  [Name in keyof Exports & keyof EngineExports]: Arity<Exports[Name]> extends Arity<EngineExports[Name]>
    ? Arity<EngineExports[Name]> extends Arity<Exports[Name]>
      ? never
      : Name
    : Name;
}[keyof Exports & keyof EngineExports];
/** Names that only one of the two interfaces has. */
type Missing = Exclude<keyof Exports, keyof EngineExports> | Exclude<keyof EngineExports, keyof Exports>;
/** Does not compile if there is such a name. The error shows the name. */
type None<_ extends never> = true;

nodeTest("the interface matches the engine's text; if not, run 'node scripts/build_engine.ts --interface'", () => {
  assert.equal(readFileSync(join(ROOT, INTERFACE), "utf8"), interfaceModule(ROOT));
});

nodeTest("the reader of the engine's text finds everything", () => {
  const read = (file: string) => readFileSync(join(ROOT, "engine/src", file), "utf8");
  const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;
  const { length: fields } = Object.keys({ ...ReplyWord, ...ReplyNumber });
  assert.equal(fields, count(read("abi/reply.rs"), /^ {4}pub \w+: \w+,$/gm));
  assert.equal(Object.keys(Status).length, count(read("status.rs"), / = \d+,$/gm));
  assert.equal(Object.keys(RangeFlag).length, count(read("request.rs"), /pub const \w+: u32/g));
  assert.ok(read("abi/mod.rs").includes(`ABI_VERSION: u32 = ${ABI_VERSION};`));
});

nodeTest("the artefact has exactly the typed exports, with as many arguments", async () => {
  const same: [None<Differing>, None<Missing>] = [true, true];
  assert.deepEqual(same, [true, true]);
  const declarations = readFileSync(join(import.meta.dirname, "../../engine/luge_engine.wasm.d.ts"), "utf8");
  const declared = [...declarations.matchAll(/^export const (\w+):/gm)].map(([, name]) => name);
  const { compiled } = await loadEngine(undefined);
  const exported = WebAssembly.Module.exports(await compiled).map(({ name }) => name);
  assert.deepEqual(exported.sort(), declared.sort());
});
