/**
 * Garbage collection on demand.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects all garbage. `undefined` on Deno without `--v8-flags=--expose-gc`, because a program there cannot do it. */
export const collectGarbage: (() => void) | undefined = collector();

function collector(): (() => void) | undefined {
  if (globalThis.gc) return globalThis.gc as () => void;
  const bun = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun;
  if (bun) return () => bun.gc(true);
  if ("Deno" in globalThis) return undefined;
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
