/**
 * Tells the config of a store on another machine from that of a directory.
 *
 * @module
 */

import type { RemoteStoreConfig } from "./api/config.ts";

/** Whether `open` gets an address, or a config with one. */
export function isRemote(config: unknown): config is string | URL | RemoteStoreConfig {
  const given = Object(config);
  // Not by a regular expression: compiling one would take Bun 0.5 ms of each cold start.
  const start = `${typeof config === "string" ? config : given.href}`.slice(0, 8).toLowerCase();
  return "address" in given || start === "luges://" || start.startsWith("luge://");
}
