/**
 * What nobody ended, and nobody has any more: what it holds is given back once it was collected as garbage.
 *
 * @module
 */

/** Releases what its targets hold, which must not lead to them. */
export const forgotten: FinalizationRegistry<{ release(): void }> = new FinalizationRegistry((held) => held.release());
