/**
 * The exports of the package beside the module itself.
 *
 * @module
 */

/**
 * By name, such as `@luge/luge/keys`: the file that is bundled. A bundle stands alone, or imports the module if its
 * sources do. The module knows none of them.
 */
export const EXPORTS: Readonly<Record<string, string>> = {
  keys: "src/keys/mod.ts",
  codecs: "src/codecs/mod.ts",
  messagepack: "src/codecs/messagepack/mod.ts",
  kv: "src/adapters/kv/mod.ts",
  kvconnect: "src/adapters/kvconnect/mod.ts",
};
