/**
 * A disk that fails: errors are reported, no acknowledged write is lost, and a repaired disk has them all. `npm run
 * faults` does more.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FaultCampaign, shown } from "../../scripts/campaigns/faults/fault_campaign.ts";
import type { Fault } from "../../scripts/campaigns/faults/faulty_disk.ts";

const FAULTS = 24;
/** Faults that once found a bug, in the workload of seed 1. */
const KEPT: readonly Fault[] = [
  // Closing a store that is open for reading only left files open, and threw a bare error.
  { kind: "close", nth: 31, mode: "EIO", forever: false },
  // An interrupted read was repeated for ever.
  { kind: "read", nth: 30, mode: "EINTR", forever: true },
  // A failed open reported, as a bare error, why a file could not be closed, and not why the open failed.
  { kind: "close", nth: 9, mode: "EACCES", forever: true },
  // An open that failed after the engine had opened left files open.
  { kind: "stat", nth: 21, mode: "EACCES", forever: false },
  // A flush that was running when something else failed reported abandoned files, and not the failure.
  { kind: "stat", nth: 29, mode: "EACCES", forever: false },
  { kind: "list", nth: 10, mode: "EACCES", forever: false },
];

/** More faults, in other workloads. */
const OTHERS: readonly [number, Fault][] = [
  // Data that sled could not read was reported as damage.
  [688991, { kind: "read", nth: 249, mode: "EIO", forever: false }],
  // Reads without bytes were taken for the ends of files. The store looked empty or damaged, and sled deleted the rest
  // of the file.
  [4, { kind: "read", nth: 7, mode: "nothing", forever: true }],
  [4, { kind: "read", nth: 336, mode: "nothing", forever: true }],
];

describe("a disk that fails", () => {
  for (const [seed, fault] of OTHERS) {
    test(`is reported for ${shown(fault)}, seed ${seed}`, async () => {
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
