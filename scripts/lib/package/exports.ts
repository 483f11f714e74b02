/**
 * The exports of the package beside the module itself.
 *
 * @module
 */

/** By name, such as `@luge/luge/keys`: the file that is bundled. Each bundle stands alone, and the module knows none of them. */
export const EXPORTS: Readonly<Record<string, string>> = {
  keys: "src/keys/mod.ts",
  codecs: "src/codecs/mod.ts",
  messagepack: "src/codecs/messagepack/mod.ts",
  prometheus: "src/prometheus/mod.ts",
};
