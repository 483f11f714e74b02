/** Deno KV, which is part of Deno with `--unstable-kv`. @module */

import { join } from "node:path";
import { inFlight, type Peer, slices, slicesOf, TURN } from "../contract.ts";

interface Kv {
  get(key: readonly string[]): Promise<{ value: Uint8Array | null }>;
  getMany(keys: readonly (readonly string[])[]): Promise<unknown>;
  set(key: readonly string[], value: Uint8Array): Promise<unknown>;
  atomic(): Atomic;
  list(range: object, options: object): AsyncIterable<{ key: readonly string[]; value: Uint8Array }>;
  close(): void;
}

interface Atomic {
  set(key: readonly string[], value: Uint8Array): Atomic;
  delete(key: readonly string[]): Atomic;
  commit(): Promise<unknown>;
}

/** Deno reads at most ten keys at a time. */
const MANY = 10;

/** Deno KV over its own SQLite. */
export const denoKv: Peer = {
  name: "Deno KV",
  kind: "store",
  runtimes: ["deno"],
  commitsEach: true,
  most: 100_000,
  settings: { buffered: "defaults", durable: "defaults (SQLite WAL; what a set survives is not documented)" },
  async open(directory) {
    const { Deno } = globalThis as unknown as { Deno: { openKv(path: string): Promise<Kv> } };
    const kv = await Deno.openKv(join(directory, "kv.db"));
    return {
      async load(entries, batch) {
        if (batch > 1) {
          return inFlight(slices(entries, batch), ({ keys, values }) => {
            const atomic = kv.atomic();
            for (const [i, key] of keys.entries()) atomic.set([key], values[i] as Uint8Array);
            return atomic.commit();
          });
        }
        for (const { keys, values } of slices(entries, TURN)) {
          await Promise.all(keys.map((key, i) => kv.set([key], values[i] as Uint8Array)));
        }
      },
      get: async (key) => (await kv.get([key])).value,
      async getMany(keys) {
        for (let i = 0; i < keys.length; i += MANY) await kv.getMany(keys.slice(i, i + MANY).map((key) => [key]));
      },
      async scan(prefix) {
        let bytes = 0;
        const range = { start: [prefix], end: [`${prefix}\uffff`] };
        for await (const { key, value } of kv.list(range, { batchSize: 500 })) {
          bytes += (key[0]?.length ?? 0) + value.length;
        }
        return bytes;
      },
      put: (key, value) => kv.set([key], value),
      remove: (keys, batch) =>
        inFlight(slicesOf(keys, batch), (part) => {
          const atomic = kv.atomic();
          for (const key of part) atomic.delete([key]);
          return atomic.commit();
        }),
      close: () => kv.close(),
    };
  },
};
