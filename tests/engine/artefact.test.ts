/**
 * The engine's file, which `open` reads if it can, and its text form have the same bytes.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { ARTEFACT_BASE64 } from "../../src/wasm/artefact.ts";
import { artefactFile } from "../../src/wasm/artefact_file.ts";

test("the engine's file is where the module expects it, and has the bytes of the text form", () => {
  const file = artefactFile();
  assert.ok(file !== undefined);
  assert.ok(Buffer.from(ARTEFACT_BASE64, "base64").equals(readFileSync(file)));
});
