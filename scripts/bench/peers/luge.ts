/** luge, as the package that is published. @module */

import { join } from "node:path";
import {
  type Entries,
  eachEntry,
  type Guarantee,
  inFlight,
  type Peer,
  type Subject,
  slices,
  slicesOf,
} from "../contract.ts";
import { PACKAGE } from "../places.ts";

type Luge = typeof import("../../../mod.ts");

interface Settings {
  readonly cacheSize?: number;
  readonly compression?: "lz4";
}

async function openLuge(path: string, guarantee: Guarantee, settings: Settings = {}): Promise<Subject> {
  const { open } = (await import(join(PACKAGE, "lib", "mod.js"))) as Luge;
  const store = await open({ path, syncWrites: guarantee === "durable", ...settings });
  return {
    async load(entries: Entries, batch: number): Promise<void> {
      if (batch === 1) {
        let last: Promise<void> | undefined;
        eachEntry(entries, (key, value) => {
          last = store.put(key, value);
        });
        return last;
      }
      await inFlight(slices(entries, batch), ({ keys, values }) =>
        store.batch(keys.map((key, i) => ({ type: "put", key, value: values[i] as Uint8Array }))),
      );
    },
    flush: () => store.flush(),
    getSync: (key) => store.getSync(key),
    get: (key) => store.get(key),
    getMany: (keys) => store.getManySync(keys),
    scan(prefix) {
      let bytes = 0;
      for (const [key, value] of store.entries({ prefix })) bytes += key.length + value.length;
      return bytes;
    },
    first(from) {
      for (const [key, value] of store.entries({ gte: from })) return key.length + value.length;
      return 0;
    },
    putSync: (key, value) => store.putSync(key, value),
    put: (key, value) => store.put(key, value),
    remove: (keys, batch) =>
      inFlight(slicesOf(keys, batch), (part) => store.batch(part.map((key) => ({ type: "delete", key })))),
    compact: async () => {
      await store.compact();
    },
    copyTo: (directory) => store.fork(directory),
    stream: () => store.backup(),
    fillFrom: (stream) => store.restore(stream),
    close: () => store.close(),
  };
}

/** luge. */
export const luge: Peer = {
  name: "luge",
  kind: "store",
  runtimes: ["node", "bun", "deno"],
  settings: { buffered: "syncWrites: false, then flush()", durable: "defaults (syncWrites: true)" },
  open: openLuge,
};

/** luge with a cache for a million entries, as stores that map their files have with the page cache. */
export const lugeLarge: Peer = {
  ...luge,
  name: "luge, 256 MiB",
  only: ["get-sync-1000000", "get-1000000", "get-many-1000000"],
  settings: { buffered: "as above, cacheSize 256 MiB" },
  open: (directory, guarantee) => openLuge(directory, guarantee, { cacheSize: 256 * 2 ** 20 }),
};

/** luge with compression. */
export const lugeCompressed: Peer = {
  ...luge,
  name: "luge, lz4",
  only: ["documents-"],
  settings: { buffered: 'as above, compression: "lz4"' },
  open: (directory, guarantee) => openLuge(directory, guarantee, { compression: "lz4" }),
};
