/**
 * Many lives of stores, each on a disk that fails once, or permanently from some call on.
 *
 * @module
 */

import { Random } from "../../lib/random.ts";
import { boundedEngine } from "../stores/bounded_engine.ts";
import { type FaultResult, runWithFault } from "./fault_run.ts";
import { type CallKind, type Fault, modesOf } from "./faulty_disk.ts";

const MEMORY_BYTES = 256 << 20;
/** A large step, so that the random numbers of two seeds never overlap. */
const SEED_STEP = 1_000_003;

/** A fault and its result. */
export interface FaultReport extends FaultResult {
  readonly number: number;
  readonly fault: Fault;
}

/** The faults of a seed. */
export class FaultCampaign {
  readonly #seed: number;
  readonly #wasm: WebAssembly.Module;
  readonly #counts: ReadonlyMap<CallKind, number>;

  private constructor(seed: number, wasm: WebAssembly.Module, counts: ReadonlyMap<CallKind, number>) {
    this.#seed = seed;
    this.#wasm = wasm;
    this.#counts = counts;
  }

  /** Counts the calls of the seed's workload on a disk without faults. Throws if the workload fails there. */
  static async of(seed: number): Promise<FaultCampaign> {
    const wasm = new WebAssembly.Module(boundedEngine(MEMORY_BYTES));
    const { problems, counts } = await runWithFault(seed, undefined, wasm);
    if (problems.length > 0) throw new Error(`Without any fault: ${problems.join("; ")}`);
    return new FaultCampaign(seed, wasm, counts);
  }

  /** How many calls of the disk the workload makes. */
  get calls(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A fault for each call. The modes take turns, and so do faults that strike once and permanent ones. */
  every(): Fault[] {
    return [...this.#counts].flatMap(([kind, count]) => {
      const modes = modesOf(kind);
      return Array.from({ length: count }, (_, nth): Fault => {
        const mode = modes[nth % modes.length] ?? "EIO";
        return { kind, nth, mode, forever: Math.floor(nth / modes.length) % 2 === 1 };
      });
    });
  }

  /** A random fault. Rare kinds of calls are as likely as frequent ones. */
  random(number: number): Fault {
    const random = new Random(this.#seed * SEED_STEP + number);
    const kind = random.pick([...this.#counts.keys()]);
    const nth = random.below(this.#counts.get(kind) ?? 1);
    return { kind, nth, mode: random.pick(modesOf(kind)), forever: random.below(2) === 0 };
  }

  /** Runs the workload with one fault. */
  async run(number: number, fault: Fault): Promise<FaultReport> {
    return { number, fault, ...(await runWithFault(this.#seed, fault, this.#wasm)) };
  }
}

/** A fault as text. */
export function shown({ kind, nth, mode, forever }: Fault): string {
  return `${mode} ${forever ? "from" : "at"} call ${nth} of ${kind}${forever ? " on" : ""}`;
}
