/**
 * Stores that tests serve on a free port of this machine.
 *
 * @module
 */

import { type ListenOptions, open, type SharedStore, type StoreListener } from "../../mod.ts";
import { withDirectory } from "./temporary.ts";

/** The token of all of them. */
export const TOKEN = "t0ken+with/base64==";

/** A store that is served, and its owner. */
export interface Served {
  readonly path: string;
  readonly owner: SharedStore;
  readonly listener: StoreListener;
}

/** Serves a new store, and closes it afterwards. */
export async function withServed(
  use: (served: Served) => Promise<void>,
  options: Partial<ListenOptions> = {},
): Promise<void> {
  await withDirectory(async (path) => {
    await using owner = await open({ path, shared: true, syncWrites: false });
    const listener = await owner.listen({ port: 0, token: TOKEN, ...options });
    await use({ path, owner, listener });
  });
}
