/**
 * Examines damaged stores in a thread of its own, which can be ended when it hangs.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { boundedEngine } from "../stores/bounded_engine.ts";
import { DamageCases } from "./damage_cases.ts";
import { examine, type Outcome } from "./examine.ts";

/** What the worker is to do: cases from `from` on, every `step`-th one. */
export interface DamageTask {
  readonly seed: number;
  readonly from: number;
  readonly step: number;
}

/** What it says, for each case. */
export interface DamageReport {
  readonly number: number;
  readonly kind: string;
  readonly where: string;
  /** `undefined` for a damage that changes nothing. */
  readonly outcome: Outcome | undefined;
  readonly detail: string;
}

/** More than any store here needs: what grows beyond is refused. */
export const MEMORY_BYTES: number = 256 << 20;

if (parentPort) await work(workerData as DamageTask, (report) => parentPort?.postMessage(report));

async function work({ seed, from, step }: DamageTask, tell: (report: DamageReport) => void): Promise<void> {
  const wasm = new WebAssembly.Module(boundedEngine(MEMORY_BYTES));
  const cases = await DamageCases.of(seed);
  for (let number = from; ; number += step) {
    const found = cases.case(number);
    if (!found) {
      tell({ number, kind: "", where: "", outcome: undefined, detail: "" });
      continue;
    }
    const { shape, damaged } = found;
    const { outcome, detail } = await examine(shape, damaged, wasm);
    const where = `${shape.name}: ${damaged.file} at ${damaged.offset}`;
    tell({ number, kind: damaged.kind, where, outcome, detail });
  }
}
