/**
 * Builds `engine/luge_engine.wasm` through wasm-pack, with the declarations of its exports, its build record and two
 * generated modules. One module contains the bytes of the engine. The other one is its interface, read from the
 * engine's text.
 *
 * ```sh
 * node scripts/build_engine.ts                       # build
 * node scripts/build_engine.ts --check               # rebuild and compare, change nothing
 * node scripts/build_engine.ts --interface           # write only src/wasm/interface.ts; needs no compiler
 * node scripts/build_engine.ts --licenses            # write only engine/LICENSES.txt; needs cargo
 * node scripts/build_engine.ts --toolchain debian    # or rustup; default: the one that is installed
 * node scripts/build_engine.ts --tools DIRECTORY     # where cargo installs wasm-pack; default: engine/target/tools
 * ```
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Built, compileEngine, SLED_VERSION, wasmOptVersion } from "./engine/compile.ts";
import { sha256, sourceDigest } from "./engine/digest.ts";
import { INTERFACE, interfaceModule } from "./engine/interface.ts";
import { ENGINE_LICENSES, engineLicenses } from "./engine/licenses.ts";
import { artefactModule, type BuildRecord, SOURCES, sameTools } from "./engine/record.ts";
import { testWithArtefact } from "./engine/test_artefact.ts";
import { findToolchain, type Toolchain } from "./engine/toolchain.ts";
import { findWasmPack, WASM_BINDGEN_VERSION, WASM_PACK_VERSION } from "./engine/wasm_pack.ts";
import { describeProgram, flag, maybe, readOptions, text } from "./lib/options.ts";

const ROOT = join(import.meta.dirname, "..");
const ARTEFACT = join(ROOT, "engine", "luge_engine.wasm");
const DECLARATIONS = join(ROOT, "engine", "luge_engine.wasm.d.ts");
const RECORD = join(ROOT, "engine", "luge_engine.build.json");
const MODULE = join(ROOT, "src", "wasm", "artefact.ts");

function recordOf(bytes: Uint8Array, toolchain: Toolchain): BuildRecord {
  return {
    sled: SLED_VERSION,
    toolchain: toolchain.name,
    rustc: toolchain.rustc,
    wasmPack: WASM_PACK_VERSION,
    wasmBindgen: WASM_BINDGEN_VERSION,
    wasmOpt: wasmOptVersion(ROOT),
    source: sourceDigest(ROOT, SOURCES),
    sha256: sha256(bytes),
    size: bytes.length,
  };
}

function compile(toolchain: Toolchain): Built {
  return compileEngine(ROOT, toolchain, findWasmPack(tools));
}

function build(toolchain: Toolchain): void {
  writeFileSync(join(ROOT, INTERFACE), interfaceModule(ROOT));
  const { bytes, declarations } = compile(toolchain);
  const record = recordOf(bytes, toolchain);
  writeLicenses(toolchain.cargo);
  writeFileSync(ARTEFACT, bytes);
  writeFileSync(DECLARATIONS, declarations);
  writeFileSync(MODULE, artefactModule(bytes));
  writeFileSync(RECORD, `${JSON.stringify(record, undefined, 2)}\n`);
  console.log(`Built engine/luge_engine.wasm: ${record.size} bytes, sha256 ${record.sha256}`);
}

function writeLicenses(cargo?: string): void {
  writeFileSync(join(ROOT, ENGINE_LICENSES), engineLicenses(ROOT, cargo));
}

/** The problems of the committed files, found without a compiler. */
function staleness(record: BuildRecord): string[] {
  const bytes = readFileSync(ARTEFACT);
  const problems: string[] = [];
  if (sourceDigest(ROOT, SOURCES) !== record.source) problems.push("the engine's sources changed since the last build");
  if (sha256(bytes) !== record.sha256) problems.push("engine/luge_engine.wasm does not match its build record");
  if (readFileSync(MODULE, "utf8") !== artefactModule(bytes)) problems.push("src/wasm/artefact.ts has other bytes");
  if (readFileSync(join(ROOT, INTERFACE), "utf8") !== interfaceModule(ROOT)) {
    problems.push(`${INTERFACE} does not match the engine's text`);
  }
  return problems;
}

function check(toolchain: Toolchain): void {
  const record = JSON.parse(readFileSync(RECORD, "utf8")) as BuildRecord;
  const problems = staleness(record);
  if (problems.length > 0) {
    throw new Error(`Artefact check failed: ${problems.join("; ")}. Run 'node scripts/build_engine.ts'`);
  }
  if (readFileSync(join(ROOT, ENGINE_LICENSES), "utf8") !== engineLicenses(ROOT, toolchain.cargo)) {
    throw new Error(`Artefact check failed: ${ENGINE_LICENSES} is not that of the locked crates`);
  }
  const { bytes, declarations } = compile(toolchain);
  const rebuilt = recordOf(bytes, toolchain);
  if (rebuilt.sha256 === record.sha256) {
    if (readFileSync(DECLARATIONS, "utf8") !== declarations) {
      throw new Error("Artefact check failed: engine/luge_engine.wasm.d.ts has other exports than the module");
    }
    console.log(`Artefact check passed: rebuilt ${rebuilt.size} bytes, sha256 ${rebuilt.sha256}, the same`);
  } else if (sameTools(record, rebuilt)) {
    throw new Error(
      `Artefact check failed: rebuilt with the same tools, sha256 ${rebuilt.sha256}, not ${record.sha256}`,
    );
  } else {
    console.log(`Built with other tools (${rebuilt.rustc}, ${rebuilt.wasmOpt}): testing that artefact instead`);
    testWithArtefact(ROOT, bytes, artefactModule(bytes));
  }
}

describeProgram(
  "scripts/build_engine.ts",
  "Builds engine/luge_engine.wasm, with its declarations, record, licenses and modules.",
);
const values = readOptions({
  check: flag("rebuild and compare, change nothing"),
  interface: flag("write only src/wasm/interface.ts; needs no compiler"),
  licenses: flag("write only engine/LICENSES.txt; needs cargo"),
  toolchain: maybe("debian or rustup; default: the one that is installed", "name"),
  tools: text("where cargo installs wasm-pack, if necessary", join(ROOT, "engine", "target", "tools"), "directory"),
});
const tools = resolve(values.tools);
if (values.interface) writeFileSync(join(ROOT, INTERFACE), interfaceModule(ROOT));
else if (values.licenses) writeLicenses();
else if (values.check) check(findToolchain(values.toolchain));
else build(findToolchain(values.toolchain));
