/**
 * Compaction and verification, in steps. Other calls may run between two steps.
 *
 * @module
 */

import type { LongOptions } from "../api/entries.ts";
import type { CompactResult, Damage, VerifyResult } from "../api/maintenance.ts";
import type { Backend } from "../backend.ts";
import { runInSteps } from "../commit/event_loop.ts";
import { signalOf } from "../options.ts";
import type { StoreCore } from "./core.ts";

/** See {@linkcode Store.compact}. */
export async function compact(core: StoreCore, options: LongOptions | undefined): Promise<CompactResult> {
  const action = "compact";
  const signal = signalOf(options);
  core.assertWritable(action);
  const bytesBefore = core.run((backend) => backend.sizeBytes());
  await runSteps(core, action, signal, (backend) => backend.compactStep());
  core.assertOpen(action);
  // A removed file takes space until the syncs before its removal are done.
  await core.run(({ disk }) => disk?.filesSettled());
  core.assertOpen(action);
  return { bytesBefore, bytesAfter: core.run((backend) => backend.sizeBytes()) };
}

/** See {@linkcode Store.verify}. */
export async function verify(core: StoreCore, options: LongOptions | undefined): Promise<VerifyResult> {
  const damages: Damage[] = [];
  let [entries, first] = [0, true];
  await runSteps(core, "verify", signalOf(options), (backend) => {
    const step = backend.verifyStep(first);
    [entries, first] = [step.entries, false];
    damages.push(...step.damages);
    return step.more;
  });
  return { entries, damages };
}

async function runSteps(
  core: StoreCore,
  action: string,
  signal: AbortSignal | undefined,
  step: (backend: Backend) => boolean,
): Promise<void> {
  const checked = () => {
    core.assertOpen(action);
    return core.run(step);
  };
  await runInSteps(checked, { signal, wait: () => core.congestion() });
}
