/**
 * A panic of sled over its files means damage of the index. Any other panic is a trap.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isOfIndex } from "../../src/wasm/status.ts";

const panicAt = (place: string) =>
  `thread '<unnamed>' (1) panicked at ${place}:662:18:\ntried to serialize Uninitialized`;

test("a panic in any source of sled means damage of the index, any other panic does not", () => {
  for (const file of ["pagecache/snapshot.rs", "serialization.rs", "tree.rs"])
    assert.equal(isOfIndex(panicAt(`/engine/target/vendor/sled-0.34.7/src/${file}`)), true, file);
  for (const place of ["/engine/src/table/mod.rs", "src/serialization.rs", "/rustc/library/alloc/src/raw_vec.rs"])
    assert.equal(isOfIndex(panicAt(place)), false, place);
});
