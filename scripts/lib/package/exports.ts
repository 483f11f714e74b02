/**
 * The exports of the package beside the module itself.
 *
 * @module
 */

/**
 * By name, such as `@luge/luge/keys`: the file that is bundled. The module knows none of them. Each bundle stands alone,
 * but for the adapters: they import the module beside them, and packages that their users have.
 */
export const EXPORTS: Readonly<Record<string, string>> = {
  keys: "src/keys/mod.ts",
  codecs: "src/codecs/mod.ts",
  messagepack: "src/codecs/messagepack/mod.ts",
  prometheus: "src/prometheus/mod.ts",
  level: "src/adapters/level/mod.ts",
  keyv: "src/adapters/keyv/mod.ts",
  unstorage: "src/adapters/unstorage/mod.ts",
  session: "src/adapters/session/mod.ts",
  kv: "src/adapters/kv/mod.ts",
  kvconnect: "src/adapters/kvconnect/mod.ts",
  postgres: "src/servers/postgres/mod.ts",
  etcd: "src/servers/etcd/mod.ts",
};

/** The exports that import no module of Node: runtimes at the edge have none. */
export const EDGE_EXPORTS: readonly string[] = ["etcd"];

/** Packages that an export imports, and its users have. Optional peers in package.json. */
export const PEERS: readonly string[] = ["abstract-level", "postgres"];

/** Packages that the command imports if its users have them. Optional peers in package.json. */
export const COMMAND_PEERS: readonly string[] = ["classic-level"];
