/**
 * A disk that fails: errors say so, nothing acknowledged is lost, and a mended disk has it all. `npm run faults` does more.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FaultCampaign, shown } from "../../scripts/campaigns/faults/fault_campaign.ts";
import type { Fault } from "../../scripts/campaigns/faults/faulty_disk.ts";

const FAULTS = 24;
/** Faults that once found something, in the workload of seed 1. */
const KEPT: readonly Fault[] = [
  // Closing a store that is open for reading only left files open, and gave a bare error.
  { kind: "close", nth: 31, mode: "EIO", forever: false },
  // An interrupted read was repeated without end.
  { kind: "read", nth: 30, mode: "EINTR", forever: true },
  // An opening that failed said why a file could not be closed, as a bare error, and not why it failed.
  { kind: "close", nth: 9, mode: "EACCES", forever: true },
  // An opening that failed behind the engine's left files open.
  { kind: "stat", nth: 21, mode: "EACCES", forever: false },
  // A flush that was under way when something else failed said that files were abandoned, and not why.
  { kind: "stat", nth: 29, mode: "EACCES", forever: false },
  { kind: "list", nth: 10, mode: "EACCES", forever: false },
];

/** The same in other workloads. */
const OTHERS: readonly [number, Fault][] = [
  // What sled could not read came out as damage.
  [688991, { kind: "read", nth: 249, mode: "EIO", forever: false }],
  // Reads that gave nothing were taken for the ends of their files: the store came out as empty, or as damaged, and sled cleared
  // what was behind.
  [4, { kind: "read", nth: 7, mode: "nothing", forever: true }],
  [4, { kind: "read", nth: 336, mode: "nothing", forever: true }],
];

describe("a disk that fails", () => {
  for (const [seed, fault] of OTHERS) {
    test(`says so for ${shown(fault)}, seed ${seed}`, async () => {
      const { outcome, problems } = await (await FaultCampaign.of(seed)).run(0, fault);
      assert.deepEqual([outcome, problems], ["reported", []]);
    });
  }

  for (const seed of [1, 2]) {
    test(`is reported and loses nothing, seed ${seed}`, async () => {
      const campaign = await FaultCampaign.of(seed);
      assert.ok(campaign.calls > 500, `only ${campaign.calls} calls`);
      const kept = seed === 1 ? KEPT : [];
      let struck = 0;
      for (let number = 0; number < FAULTS; number++) {
        const fault = kept[number] ?? campaign.random(number);
        const { outcome, problems } = await campaign.run(number, fault);
        assert.deepEqual(problems, [], `seed ${seed}, random fault ${number}: ${shown(fault)}`);
        if (outcome !== "not reached") struck += 1;
      }
      assert.ok(struck > 0, "no fault struck");
    });
  }
});
