/** lmdb-js. @module */

import { join } from "node:path";
import { eachEntry, type Peer, type Subject } from "../contract.ts";
import { peerModule } from "../places.ts";

interface Lmdb {
  open(options: {
    path: string;
    encoding: "binary";
    keyEncoding?: string;
    compression: boolean;
    mapSize?: number;
  }): Database;
}

interface Database {
  readonly flushed: Promise<unknown>;
  put(key: string, value: Uint8Array): Promise<boolean>;
  putSync(key: string, value: Uint8Array): boolean;
  remove(key: string): Promise<boolean>;
  get(key: string): Uint8Array | undefined;
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  getRange(range: { start?: string; end?: string }): Iterable<{ key: string; value: Uint8Array }>;
  batch(run: () => void): Promise<boolean>;
  close(): Promise<void>;
}

function subject(database: Database): Subject {
  return {
    async load(entries, batch) {
      let last: Promise<boolean> | undefined;
      if (batch === 1) {
        eachEntry(entries, (key, value) => {
          last = database.put(key, value);
        });
      }
      for (let i = 0; batch > 1 && i < entries.keys.length; i += batch) {
        last = database.batch(() => {
          for (let at = i; at < Math.min(i + batch, entries.keys.length); at++) {
            database.put(entries.keys[at] as string, entries.values[at] as Uint8Array);
          }
        });
        await last;
      }
      await last;
    },
    async flush() {
      await database.flushed;
    },
    getSync: (key) => database.get(key),
    get: async (key) => database.get(key),
    getMany: (keys) => database.getMany(keys),
    scan(prefix) {
      let bytes = 0;
      const range = prefix === "" ? {} : { start: prefix, end: `${prefix}\uffff` };
      for (const { key, value } of database.getRange(range)) bytes += key.length + value.length;
      return bytes;
    },
    putSync: (key, value) => {
      database.putSync(key, value);
    },
    async put(key, value) {
      await database.put(key, value);
      await database.flushed;
    },
    async remove(keys) {
      let last: Promise<boolean> | undefined;
      for (const key of keys) last = database.remove(key);
      await last;
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
  open: (directory) =>
    subject(peerModule<Lmdb>("lmdb").open({ path: join(directory, "lmdb"), encoding: "binary", compression: false })),
};
