/**
 * How much memory this process may use.
 *
 * @module
 */

import * as os from "node:os";
import { process } from "../process.ts";
import { mayAsk } from "./process_identity.ts";

/** Read once, because the limit of a container is read from files. */
let known: { readonly size: number | undefined } | undefined;

/**
 * The memory of the machine in bytes, or the limit of the container if that is less. `undefined` if the runtime does
 * not know it, or if Deno would have to ask the user for permission.
 */
export function memorySize(): number | undefined {
  known ??= { size: ask() };
  return known.size;
}

function ask(): number | undefined {
  if (!mayAsk({ name: "sys", kind: "systemMemoryInfo" })) return undefined;
  try {
    // Without a limit the value is 0, or larger than the memory of any machine.
    const limit = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
    const size = Math.min(os.totalmem(), limit);
    return Number.isFinite(size) && size > 0 ? size : undefined;
  } catch {
    // The call fails without /proc.
    return undefined;
  }
}
