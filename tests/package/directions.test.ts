/**
 * Imports of the engine, the scripts and the tests run one way, as in `src`: see layers.test.ts, and tests/README.md.
 * The rules are those of `node scripts/check.ts structure`.
 */

import assert from "node:assert/strict";
import { engineImports, floorOf, layerOf, projectImports, rulesOf } from "../../scripts/check/directions.ts";
import { largeStructs, structsIn, touches } from "../../scripts/check/fields.ts";
import { circlesIn, type Imports, pathsOf, rustCodeOf, wrongIn } from "../../scripts/check/imports.ts";
import { nodeTest } from "../support/node_only.ts";

const engine = engineImports();
const typescript = projectImports();

nodeTest("there are no import cycles: engine, scripts, tests, module", () => {
  assert.deepEqual(circlesIn(engine), []);
  assert.deepEqual(circlesIn(typescript), []);
});

nodeTest("every file of the engine has a floor, and every file of the module a layer", () => {
  for (const file of engine.keys()) assert.notEqual(floorOf(file), -1, `${file} has no floor`);
  const files = [...typescript.keys()].filter((file) => /^(?:mod\.ts|src\/)/.test(file));
  for (const file of files) assert.notEqual(layerOf(file), -1, `${file} has no layer`);
});

for (const { name, imports, mayImport } of rulesOf(engine, typescript)) {
  nodeTest(name, () => {
    assert.deepEqual(wrongIn(imports, mayImport), []);
  });
}

nodeTest("the search finds the imports", () => {
  assert.ok(importsIn(engine) > 150);
  assert.ok(importsIn(typescript) > 700);
});

nodeTest("only the index knows sled", () => {
  const users = [...engine.keys()].filter((file) => /\bsled::|\buse sled\b/.test(rustCodeOf(file)));
  assert.deepEqual(users, ["engine/src/index/sled_tree.rs"]);
});

nodeTest("the search finds cycles and wrong directions, and reads the paths of Rust", () => {
  const imports: Imports = new Map([
    ["a", ["b"]],
    ["b", ["c", "elsewhere"]],
    ["c", ["a"]],
    ["d", ["a", "e"]],
    ["e", ["e"]],
  ]);
  assert.deepEqual(circlesIn(imports), [["a", "b", "c"], ["e"]]);
  assert.deepEqual(
    wrongIn(imports, (file, imported) => file < imported),
    ["c imports a", "d imports a", "e imports e"],
  );
  const paths = pathsOf("crate::a::{self, b::{C, d}, e as f}");
  assert.deepEqual(paths, ["crate::a::self", "crate::a::b::C", "crate::a::b::d", "crate::a::e"]);
  assert.ok(engine.get("engine/src/database/write.rs")?.includes("engine/src/database/payload.rs"));
  assert.ok(engine.get("engine/src/table/sparse.rs")?.includes("engine/src/log/segment.rs"));
});

/** Structs of the engine with many fields that several files touch. There must be no new ones. */
const KNOWN_OPEN_STRUCTS = ["Table"];

nodeTest("the fields of a struct with many fields are used in one file", () => {
  const large = largeStructs([...engine.keys()], 8);
  assert.ok(large.length > KNOWN_OPEN_STRUCTS.length);
  const open = large.filter(({ touchedBy }) => touchedBy.length > 1);
  assert.deepEqual(
    open.map(({ name }) => name),
    KNOWN_OPEN_STRUCTS,
  );
});

nodeTest("the search finds the fields of structs, and the files that touch them", () => {
  const [found, empty] = structsIn(
    "pub(super) struct OpenStore<D: Disk> {\n    pub log: Log<D>,\n    file: u64,\n}\nstruct Place(u64);\nstruct Empty {}\n",
  );
  assert.deepEqual(
    [found, empty],
    [
      { name: "OpenStore", fields: ["log", "file"] },
      { name: "Empty", fields: [] },
    ],
  );
  const isTouched = (code: string) => touches(code, { name: "OpenStore", fields: ["log", "file"] });
  assert.ok(isTouched("impl<D: Disk> OpenStore<D> {\n    fn sync(&mut self) { self.log.sync() }\n}\n"));
  assert.ok(isTouched("fn size(open_store: &OpenStore) -> u64 { open_store\n    .file }"));
  assert.ok(!isTouched("impl OpenStore {\n    fn sync(&mut self) { self.log() }\n}\n"));
  assert.ok(!isTouched("impl Other {\n    fn sync(&mut self) { self.log.sync() }\n}\n"));
});

function importsIn(imports: Imports): number {
  return [...imports.values()].reduce((sum, all) => sum + all.length, 0);
}
