/**
 * The store of an owner.
 *
 * @module
 */

import type { Store } from "../api/store.ts";
import type { SledStore } from "../sled_store.ts";
import type { BaseStore } from "../store/base_store.ts";

/** A store whose backups may leave out the last keys, and which says when its commits survive the process. */
export type OwnedStore = Store & Pick<BaseStore, "backupBefore" | "opened" | "written">;

/** An owned store that can be forked. */
export type OwnedSledStore = OwnedStore & Pick<SledStore, "fork">;
