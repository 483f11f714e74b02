/**
 * What a panic of the engine means.
 *
 * @module
 */

/** sled stops where its files, or what it made of them, cannot be: a foreign snapshot shows as late as in a read of the tree. */
const INDEX_PLACE = /\/sled-[\d.]+\/src\//;

/** Whether the message of a panic says that a file of the index is damaged. */
export function isOfIndex(panic: string): boolean {
  return INDEX_PLACE.test(panic);
}
