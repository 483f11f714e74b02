/**
 * The store of an owner.
 *
 * @module
 */

import type { Store } from "../api/store.ts";
import type { BaseStore } from "../store/base_store.ts";

/** A store whose backups may leave out the last keys, and which says when its commits survive the process. */
export type OwnedStore = Store & Pick<BaseStore, "backupBefore" | "written">;
