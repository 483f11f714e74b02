/** A plain `Map`: the limit for reads, without durability. @module */

import { eachEntry, type Peer } from "../contract.ts";

/** A `Map` of strings to bytes, copied on the way in and out as stores do it. */
export const map: Peer = {
  name: "Map",
  runtimes: ["node", "bun", "deno"],
  kind: "memory",
  settings: { buffered: "nothing lasts" },
  open() {
    const entries = new Map<string, Uint8Array>();
    return {
      load: (loaded) => eachEntry(loaded, (key, value) => entries.set(key, value.slice())),
      getSync: (key) => entries.get(key)?.slice(),
      get: async (key) => entries.get(key)?.slice(),
      getMany: (keys) => keys.map((key) => entries.get(key)?.slice()),
      close() {},
    };
  },
};
