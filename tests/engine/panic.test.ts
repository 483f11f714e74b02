/**
 * A panic of sled's over its files is damage of the index; any other one is a trap.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfIndex } from "../../src/wasm/panic.ts";

const panicAt = (place: string) =>
  `thread '<unnamed>' (1) panicked at ${place}:662:18:\ntried to serialize Uninitialized`;

test("where sled reads its files, and where it writes what it made of them, a panic is damage of the index", () => {
  for (const file of ["pagecache/snapshot.rs", "pagecache/mod.rs", "serialization.rs"])
    assert.equal(isOfIndex(panicAt(`/engine/target/vendor/sled-0.34.7/src/${file}`)), true, file);
  for (const place of [
    "/engine/target/vendor/sled-0.34.7/src/tree.rs",
    "/engine/src/table/mod.rs",
    "src/serialization.rs",
  ])
    assert.equal(isOfIndex(panicAt(place)), false, place);
});
