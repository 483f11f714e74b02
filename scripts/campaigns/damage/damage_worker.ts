/**
 * Examines damaged stores in a separate thread, which can be ended if it hangs.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { boundedEngine } from "../stores/bounded_engine.ts";
import { DamageCases } from "./damage_cases.ts";
import { examine, type Outcome } from "./examine.ts";

/** The task of a worker: every `step`-th case, beginning at `from`. */
export interface DamageTask {
  readonly seed: number;
  readonly from: number;
  readonly step: number;
}

/** The report of a worker for each case. */
export interface DamageReport {
  readonly number: number;
  readonly kind: string;
  readonly where: string;
  /** `undefined` if the damage changes nothing. */
  readonly outcome: Outcome | undefined;
  readonly detail: string;
}

/** More than any store here needs. The engine refuses to grow beyond it. */
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
