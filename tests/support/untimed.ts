/**
 * Versions, to compare those of two stores.
 *
 * @module
 */

import type { KeyVersion } from "../../mod.ts";

/** The versions without the times at which they were written: followers and copies do not know these. */
export function untimed(versions: readonly KeyVersion[]): KeyVersion[] {
  return versions.map(({ writtenAt: _, writtenBefore: __, ...version }) => version);
}
