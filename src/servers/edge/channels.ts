/**
 * Takes the place of `src/channels.ts` in bundles for runtimes that have no modules of Node. Nobody can subscribe there.
 *
 * @module
 */

/** See `channels` of `src/channels.ts`. */
export const channels = undefined;

/** See `loadChannels` of `src/channels.ts`. */
export function loadChannels(): Promise<void> {
  return Promise.resolve();
}
