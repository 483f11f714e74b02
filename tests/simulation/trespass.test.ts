/**
 * A forbidden change of a store is noticed, whether it is made by name or through an open file.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SimulatedDisk } from "../../scripts/campaigns/simulate/disk.ts";
import { lookedAround } from "../../scripts/campaigns/simulate/trespass.ts";

test("each call that may change a disk is wrapped, and no other", () => {
  const disk = new SimulatedDisk();
  let looked = 0;
  const fileSystem = lookedAround(disk, (run) => {
    looked += 1;
    return run();
  });
  const counted = (run: () => unknown): number => {
    const before = looked;
    run();
    return looked - before;
  };
  const file = fileSystem.open("a", { write: true, create: true });
  assert.equal(looked, 1);
  assert.equal(
    counted(() => file.write(new Uint8Array([1, 2]), 0)),
    1,
  );
  assert.equal(
    counted(() => file.truncate(1)),
    1,
  );
  assert.equal(
    counted(() => file.read(new Uint8Array(1), 0)),
    0,
  );
  assert.equal(
    counted(() => file.sync()),
    0,
  );
  assert.equal(
    counted(() => fileSystem.makeDirectory("d")),
    1,
  );
  assert.equal(
    counted(() => fileSystem.rename("a", "d/b")),
    1,
  );
  assert.equal(
    counted(() => fileSystem.stat("d/b")),
    0,
  );
  assert.equal(
    counted(() => fileSystem.remove("d/b")),
    1,
  );
  assert.equal(
    counted(() => fileSystem.removeDirectory("d")),
    1,
  );
  assert.deepEqual(disk.paths(), []);
});
