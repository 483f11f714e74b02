/**
 * The names of the file that has a restored backup until it is applied.
 *
 * @module
 */

/** While it is written. After a crash it is discarded. */
export const UNFINISHED_RESTORE = "RESTORE.tmp";
/** Once it is checked. Its content is being applied, and is applied again after a crash. */
export const SEALED_RESTORE = "RESTORE";
