/**
 * Compaction and verification, in steps. Other calls may run between two steps.
 *
 * @module
 */

import type { LongOptions } from "../api/entries.ts";
import type { CompactResult, Damage, VerifyResult } from "../api/maintenance.ts";
import type { ByteRange } from "../byte_range.ts";
import { NOTHING } from "../bytes.ts";
import { runInSteps, turn } from "../commit/event_loop.ts";
import { signalOf } from "../options.ts";
import type { StoreCore } from "./core.ts";

/** See {@linkcode Store.compact}. */
export async function compact(core: StoreCore, options: LongOptions | undefined): Promise<CompactResult> {
  const action = "compact";
  const signal = signalOf(options);
  core.assertWritable(action);
  const bytesBefore = core.run((backend) => backend.sizeBytes());
  // Others go first: writers that wait must not wait for all of a compaction.
  const wait = () => core.congestion()?.then(turn);
  const step = () => core.congestion() !== undefined || core.run((backend) => backend.compactStep());
  await runInSteps(checked(core, action, step), { signal, wait });
  core.assertOpen(action);
  await core.run(({ disk }) => disk?.filesSettled());
  core.assertOpen(action);
  return { bytesBefore, bytesAfter: core.run((backend) => backend.sizeBytes()) };
}

/** See {@linkcode Store.verify}. */
export async function verify(core: StoreCore, options: LongOptions | undefined): Promise<VerifyResult> {
  const damages: Damage[] = [];
  let [entries, first] = [0, true];
  const step = () => {
    const { more, entries: read, damages: found } = core.run((backend) => backend.verifyStep(first));
    [entries, first] = [read, false];
    damages.push(...found);
    return more;
  };
  await runInSteps(checked(core, "verify", step), { signal: signalOf(options) });
  return { entries, damages };
}

/** See {@linkcode Store.approximateSize}. */
export async function approximateSize(
  core: StoreCore,
  range: ByteRange,
  options: LongOptions | undefined,
): Promise<number> {
  let [total, from] = [0, NOTHING];
  const step = () => {
    const { bytes, next } = core.run((backend) => backend.sizeOf(range, from));
    total += bytes;
    from = next ?? NOTHING;
    return next !== undefined;
  };
  await runInSteps(checked(core, "read", step), { signal: signalOf(options) });
  return total;
}

/** The step of an open store. */
function checked(core: StoreCore, action: string, step: () => boolean): () => boolean {
  return () => {
    core.assertOpen(action);
    return step();
  };
}
