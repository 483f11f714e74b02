/** lmdb-js. @module */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eachEntry, type Guarantee, inFlight, type Peer, type Subject, slices, slicesOf } from "../contract.ts";
import { peerModule } from "../places.ts";

const NAME = "lmdb";

/** Values of at least `threshold` bytes are compressed. */
type Compression = boolean | { readonly threshold: number };

interface Lmdb {
  open(options: {
    path: string;
    encoding: "binary";
    keyEncoding?: string;
    compression: Compression;
    mapSize?: number;
  }): Database;
}

interface Database {
  readonly flushed: Promise<unknown>;
  put(key: string, value: Uint8Array): Promise<boolean>;
  putSync(key: string, value: Uint8Array): boolean;
  remove(key: string): Promise<boolean>;
  get(key: string): Uint8Array | undefined;
  getRange(range: { start?: string; end?: string }): Iterable<{ key: string; value: Uint8Array }>;
  batch(run: () => void): Promise<boolean>;
  backup(directory: string): Promise<void>;
  close(): Promise<void>;
}

function subject(database: Database, guarantee: Guarantee): Subject {
  return {
    async load(entries, batch) {
      if (batch === 1) {
        let last: Promise<boolean> | undefined;
        eachEntry(entries, (key, value) => {
          last = database.put(key, value);
        });
        await last;
        return;
      }
      await inFlight(slices(entries, batch), (part) =>
        database.batch(() => eachEntry(part, (key, value) => database.put(key, value))),
      );
    },
    async flush() {
      await database.flushed;
    },
    getSync: (key) => database.get(key),
    get: async (key) => database.get(key),
    // Faster than its getMany, which asks another thread to read ahead.
    getMany: (keys) => keys.map((key) => database.get(key)),
    scan(prefix) {
      let bytes = 0;
      const range = prefix === "" ? {} : { start: prefix, end: `${prefix}\uffff` };
      for (const { key, value } of database.getRange(range)) bytes += key.length + value.length;
      return bytes;
    },
    first(from) {
      for (const { key, value } of database.getRange({ start: from })) return key.length + value.length;
      return 0;
    },
    putSync: (key, value) => {
      database.putSync(key, value);
    },
    async put(key, value) {
      await database.put(key, value);
      if (guarantee === "durable") await database.flushed;
    },
    remove: (keys, batch) =>
      inFlight(slicesOf(keys, batch), (part) =>
        database.batch(() => {
          for (const key of part) database.remove(key);
        }),
      ),
    async copyTo(directory) {
      const copy = join(directory, NAME);
      mkdirSync(copy, { recursive: true });
      await database.backup(copy);
    },
    close: () => database.close(),
  };
}

/** lmdb-js. */
export const lmdb: Peer = {
  name: "lmdb-js",
  kind: "store",
  package: "lmdb",
  runtimes: ["node", "bun", "deno"],
  settings: { buffered: "defaults, await flushed at the end", durable: "defaults, await put and flushed; putSync" },
  open: (directory, guarantee) => openLmdb(directory, guarantee, false),
};

/** lmdb-js with its compression: LZ4 for each value alone. Its default is values above 1,000 bytes; the documents are smaller. */
export const lmdbCompressed: Peer = {
  ...lmdb,
  name: "lmdb-js, lz4",
  only: ["documents-"],
  settings: { buffered: "as above, compression: { threshold: 100 }" },
  open: (directory, guarantee) => openLmdb(directory, guarantee, { threshold: 100 }),
};

function openLmdb(directory: string, guarantee: Guarantee, compression: Compression): Subject {
  const path = join(directory, NAME);
  return subject(peerModule<Lmdb>("lmdb").open({ path, encoding: "binary", compression }), guarantee);
}
