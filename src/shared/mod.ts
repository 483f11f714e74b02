/**
 * One store, many processes. `open` loads this folder with the first shared store, and where one was left.
 *
 * @module
 */

export { openRemote, openShared } from "./shared_store.ts";
export { endSharing } from "./traces.ts";
