/** classic-level: LevelDB. @module */

import { join } from "node:path";
import { type Guarantee, inFlight, type Peer, type Subject, slices, slicesOf, TURN } from "../contract.ts";
import { peerModule } from "../places.ts";

interface ClassicLevelModule {
  ClassicLevel: new (path: string, options: LevelOptions) => Level;
}

interface LevelOptions {
  readonly keyEncoding: "utf8";
  readonly valueEncoding: "view";
  readonly compression: boolean;
  readonly writeBufferSize?: number;
  readonly cacheSize?: number;
}

type Operation = { type: "put"; key: string; value: Uint8Array } | { type: "del"; key: string };

interface Level {
  open(): Promise<void>;
  put(key: string, value: Uint8Array, options: { sync: boolean }): Promise<void>;
  batch(operations: readonly Operation[], options: { sync: boolean }): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  getSync(key: string): Uint8Array | undefined;
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;
  iterator(range: { gte?: string; lt?: string }): {
    nextv(size: number): Promise<[string, Uint8Array][]>;
    close(): Promise<void>;
  };
  compactRange(start: string, end: string): Promise<void>;
  close(): Promise<void>;
}

function subject(level: Level, sync: boolean): Subject {
  return {
    async load(entries, batch) {
      if (batch > 1) {
        return inFlight(slices(entries, batch), ({ keys, values }) =>
          level.batch(
            keys.map((key, i) => ({ type: "put", key, value: values[i] as Uint8Array })),
            { sync },
          ),
        );
      }
      for (const { keys, values } of slices(entries, TURN)) {
        await Promise.all(keys.map((key, i) => level.put(key, values[i] as Uint8Array, { sync })));
      }
    },
    flush: () => level.put("~flush", new Uint8Array(0), { sync: true }),
    getSync: (key) => level.getSync(key),
    get: (key) => level.get(key),
    getMany: (keys) => level.getMany(keys),
    async scan(prefix) {
      let bytes = 0;
      const iterator = level.iterator(prefix === "" ? {} : { gte: prefix, lt: `${prefix}\uffff` });
      for (let page = await iterator.nextv(1000); page.length > 0; page = await iterator.nextv(1000)) {
        for (const [key, value] of page) bytes += key.length + value.length;
      }
      await iterator.close();
      return bytes;
    },
    // nextv(1), and not next(): that one reads many entries ahead.
    async first(from) {
      const iterator = level.iterator({ gte: from });
      const [entry] = await iterator.nextv(1);
      await iterator.close();
      return entry ? entry[0].length + entry[1].length : 0;
    },
    put: (key, value) => level.put(key, value, { sync }),
    remove: (keys, batch) =>
      inFlight(slicesOf(keys, batch), (part) =>
        level.batch(
          part.map((key) => ({ type: "del", key })),
          { sync },
        ),
      ),
    compact: () => level.compactRange("", "~~"),
    close: () => level.close(),
  };
}

async function openLevel(directory: string, guarantee: Guarantee, settings: Partial<LevelOptions>): Promise<Subject> {
  const { ClassicLevel } = peerModule<ClassicLevelModule>("classic-level");
  const options = { keyEncoding: "utf8", valueEncoding: "view", compression: false, ...settings } as const;
  const level = new ClassicLevel(join(directory, "level"), options);
  await level.open();
  return subject(level, guarantee === "durable");
}

/** LevelDB. Without compression: the values do not compress. */
export const classicLevel: Peer = {
  name: "classic-level",
  kind: "store",
  package: "classic-level",
  runtimes: ["node", "bun", "deno"],
  settings: {
    buffered: "sync: false, compression: false, the last put with sync: true",
    durable: "sync: true, compression: false",
  },
  open: (directory, guarantee) => openLevel(directory, guarantee, {}),
};

const MIB = 2 ** 20;

/** LevelDB with as much memory as luge uses by default, for loads and the reads after them. */
export const classicLevelLarge: Peer = {
  ...classicLevel,
  name: "classic-level, 104 MiB",
  runtimes: ["node"],
  only: ["load-random-", "load-huge", "get-sync-", "scan-1000000"],
  settings: { buffered: "as above, writeBufferSize 40 MiB, cacheSize 64 MiB" },
  open: (directory, guarantee) => openLevel(directory, guarantee, { writeBufferSize: 40 * MIB, cacheSize: 64 * MIB }),
};

/** LevelDB with its default, Snappy. */
export const classicLevelCompressed: Peer = {
  ...classicLevel,
  name: "classic-level, snappy",
  only: ["documents-"],
  settings: { buffered: "sync: false, compression: true, the last put with sync: true" },
  open: (directory, guarantee) => openLevel(directory, guarantee, { compression: true }),
};
