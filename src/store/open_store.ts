/**
 * What a store and its parts share.
 *
 * @module
 */

import type { KeySpace } from "../key_space.ts";
import type { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";

/** An open store, and which of its keys count. */
export interface OpenStore {
  readonly core: StoreCore;
  readonly commits: Commits;
  readonly space: KeySpace;
}
