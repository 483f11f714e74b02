/**
 * How much memory this process may use.
 *
 * @module
 */

import * as os from "node:os";
import { process } from "../process.ts";
import { mayAsk } from "./process_identity.ts";

/** Asked for once: the limit of a container is read from files. */
let known: { readonly size: number | undefined } | undefined;

/**
 * The memory of the machine in bytes, or what a container may use of it if that is less. `undefined` where the runtime does not
 * say so, or would ask the user on Deno.
 */
export function memorySize(): number | undefined {
  known ??= { size: ask() };
  return known.size;
}

function ask(): number | undefined {
  if (!mayAsk({ name: "sys", kind: "systemMemoryInfo" })) return undefined;
  try {
    // Without a limit it is 0, or more than any machine has.
    const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
    const size = Math.min(os.totalmem(), limit);
    return Number.isFinite(size) && size > 0 ? size : undefined;
  } catch {
    // Without /proc there is no answer.
    return undefined;
  }
}
