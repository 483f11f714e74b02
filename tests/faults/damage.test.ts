/**
 * Damaged files: every read is correct, or refused with an error that says where. `npm run damage` tries more damages.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Damaged, flip, truncate } from "../../scripts/campaigns/damage/damage.ts";
import { type Case, DamageCases } from "../../scripts/campaigns/damage/damage_cases.ts";
import { examine, FAILURES } from "../../scripts/campaigns/damage/examine.ts";
import { boundedEngine } from "../../scripts/campaigns/stores/bounded_engine.ts";
import { build, type Shape } from "../../scripts/campaigns/stores/shapes.ts";

const MEMORY_BYTES = 256 << 20;
const CASES = 100;
const wasm = new WebAssembly.Module(boundedEngine(MEMORY_BYTES));

async function check({ shape, damaged }: Case, name: string): Promise<string> {
  const { outcome, detail } = await examine(shape, damaged, wasm);
  const { kind, file, offset } = damaged;
  assert.ok(
    !FAILURES.has(outcome),
    `${name}: ${kind} in ${file} at ${offset} of '${shape.name}': ${outcome}: ${detail}`,
  );
  return outcome;
}

describe("damaged files", () => {
  const runs: readonly (readonly [string, number, readonly string[]])[] = [
    ["1", 1, ["log", "killed", "compacted"]],
    ["2", 2, ["checkpointed", "large, killed", "index"]],
  ];
  for (const [name, seed, shapes] of runs) {
    test(`are read correctly or refused, seed ${name}`, async () => {
      const cases = await DamageCases.of(seed, shapes);
      const outcomes = new Set<string>();
      for (let number = 0; number < CASES; number++) {
        const found = cases.random(number);
        if (found) outcomes.add(await check(found, `seed ${seed}, random case ${number}`));
      }
      assert.ok(outcomes.has("refused") && outcomes.has("data"), `only ${[...outcomes].join(", ")}`);
    });
  }

  for (const name of ["log", "compacted", "large, killed", "index, killed"]) {
    test(`of another store with the same names are refused: ${name}`, async () => {
      const [shape, other] = [await build(name, 1), await build(name, 2)];
      let mixed = 0;
      for (const [file, bytes] of other.image) {
        if (!shape.image.has(file) || file === "LUGE") continue;
        const image = new Map(shape.image).set(file, bytes);
        await check({ shape, damaged: { kind: "file of another store", file, offset: 0, image } }, name);
        mixed += 1;
      }
      assert.ok(mixed >= 3, `only ${mixed} files have the same names`);
    });
  }
});

/** The answers of a correct judge about a wrong store. */
describe("the judge", () => {
  const withHistory = (shape: Shape, history: Shape["history"]): Shape => ({ ...shape, history });
  const undamaged = (shape: Shape): Damaged => ({ kind: "deleted", file: "none", offset: 0, image: shape.image });

  test("accepts that versions beyond the kept ones are missing, here and there", async () => {
    const shape = await build("versions", 8200);
    assert.equal((await examine(shape, undamaged(shape), wasm)).outcome, "data");
  });

  test("finds a lost value, an old value and a wrong value", async () => {
    const shape = await build("compacted", 1);
    assert.equal((await examine(shape, undamaged(shape), wasm)).outcome, "data");
    const last = shape.history.at(-1) as Map<string, Uint8Array | undefined>;
    const [key] = last.keys();
    for (const value of [undefined, new Uint8Array([1]), new Uint8Array(300)]) {
      for (const name of [key as string, "never"]) {
        if (name === "never" && !value) continue;
        const changed = withHistory(shape, [...shape.history, new Map([[name, value]])]);
        const { outcome } = await examine(changed, undamaged(shape), wasm);
        const isSame = name === key && value === undefined && last.get(key) === undefined;
        assert.equal(outcome, isSame ? "data" : "wrong");
      }
    }
  });

  test("finds damage in a block and in a file cut short", async () => {
    const shape = await build("compacted", 1);
    const file = [...shape.image.keys()].find((name) => name.startsWith("bottom/")) as string;
    assert.equal((await examine(shape, flip(shape.image, file, 100, 1), wasm)).outcome, "refused");
    const cut = truncate(shape.image, file, 200);
    assert.equal((await examine(shape, cut as Damaged, wasm)).outcome, "refused");
  });
});
