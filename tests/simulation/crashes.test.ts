/**
 * Crashes on a simulated disk. `npm run simulate` runs many more of the same.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate } from "node:timers";
import { EnginePool } from "../../scripts/campaigns/simulate/engine_pool.ts";
import { simulate } from "../../scripts/campaigns/simulate/simulation.ts";

/** Seeds that once found a fault. RELIABILITY.md describes the faults. */
const FOUND = [
  { seed: 1, states: 150, backups: false },
  { seed: 2, states: 150, backups: false },
  { seed: 3, states: 150, backups: false },
  { seed: 4, states: 150, backups: false },
  { seed: 5070, states: 300, backups: false },
  { seed: 1_000_430, states: 300, backups: true },
];
/** Lives of all kinds, with all disturbances. */
const SEED = 20_000_001;
const STATES = 600;

describe("after any crash, the store opens and has all acknowledged writes", () => {
  const pool = new EnginePool();

  for (const { seed, states, backups } of FOUND) {
    test(`seed ${seed}, which once found a fault`, async () => {
      const { faults, states: done } = await simulate({
        seed,
        states,
        pool,
        backups,
        disturbances: false,
        extended: false,
        compression: false,
        jobs: false,
      });
      assert.deepEqual(faults, []);
      assert.ok(done >= states);
    });
  }

  test("one more seed, with all disturbances", async () => {
    const { faults, states, statesAtDepth } = await simulate({ seed: SEED, states: STATES, pool });
    assert.deepEqual(faults, [], `seed ${SEED}`);
    assert.ok(states >= STATES && (statesAtDepth[0] ?? 0) > 0, `seed ${SEED}`);
  });

  test("a seed gives the same states, whatever ran before and however busy the event loop is", async () => {
    const options = { seed: 21_000_000, states: 250, pool };
    const first = await simulate(options);
    await simulate({ ...options, seed: 21_000_008, states: 60 });
    let isOver = false;
    const disturb = (): void => {
      // Waits longer than the shortest timer, so that immediates and timers run in another order.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      if (!isOver) setImmediate(disturb);
    };
    disturb();
    const again = await simulate(options).finally(() => {
      isOver = true;
    });
    assert.deepEqual(again, first);
  });

  test("a reused instance gives the same results as a new one", async () => {
    const options = { seed: 7, states: 60 };
    const [again, fresh] = [
      await simulate({ ...options, pool }),
      await simulate({ ...options, pool: new EnginePool({ reuse: false }) }),
    ];
    assert.deepEqual(again, fresh);
  });

  test("an instance is not reused after an error has left it", async () => {
    const pool = new EnginePool();
    pool.install();
    try {
      /** A place in the stack that nobody clears. */
      const markOf = async (isBroken: boolean): Promise<number> => {
        const call = (): number => {
          if (isBroken) throw new Error("broken");
          return 8;
        };
        const imports: WebAssembly.Imports = {};
        for (const { module, name } of WebAssembly.Module.imports(pool.module)) {
          imports[module] = { ...imports[module], [name]: call };
        }
        const { exports } = await WebAssembly.instantiate(pool.module, imports);
        const stack = new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
        const [mark = 0] = stack;
        stack[0] = 1;
        const initialize = exports._initialize as () => void;
        if (isBroken) assert.throws(initialize, /broken/);
        else initialize();
        pool.last.release();
        return mark;
      };
      assert.deepEqual([await markOf(false), await markOf(true), await markOf(false)], [0, 1, 0]);
    } finally {
      pool.uninstall();
    }
  });
});
