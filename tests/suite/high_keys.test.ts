/**
 * Keys that begin with many bytes 255. Looking backwards in the index, sled took them for the keys of another node, and
 * panicked. Which stores that met depended on its random numbers: of these here, some in most runs.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { compareBytes } from "../../src/bytes.ts";

const ENTRIES = 4000;
const BATCH = 250;
/** Makes numbers in an order that looks random, each once. */
const FACTORS = [0x9e3779b1, 0x85ebca6b];

describe("keys that begin with many bytes 255 are found in both directions", () => {
  for (const bytes of [4, 5, 6, 9, 11, 12, 15, 16, 23, 33]) {
    test(`${bytes} bytes`, async () => {
      for (const factor of FACTORS) {
        // In a table of many blocks.
        const config = { path: "/high", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 } as const;
        await using store = await open({ ...config, syncWrites: false, cacheSize: 1024 * 1024 });
        const keys = Array.from({ length: ENTRIES }, (_, i) => {
          const key = new Uint8Array(bytes + 4).fill(255);
          new DataView(key.buffer).setUint32(bytes, Math.imul(i, factor) >>> 0);
          return key;
        });
        const inOrder = keys.toSorted(compareBytes);
        const look = () => {
          const found = store.keys({ keyEncoding: "bytes", reverse: true }).toArraySync();
          assert.equal(found.length, ENTRIES);
          assert.ok(found.every((key, i) => compareBytes(key, inOrder[ENTRIES - 1 - i] as Uint8Array) === 0));
        };
        for (const round of [1, 2, 3]) {
          const value = new Uint8Array(60).fill(round);
          for (let i = 0; i < ENTRIES; i += BATCH) {
            store.batchSync(keys.slice(i, i + BATCH).map((key) => ({ type: "put", key, value })));
            if (round > 1 && i % 1000 === 750) look();
          }
        }
        await store.compact();
        look();
        assert.ok(keys.every((key) => store.getSync(key)?.[0] === 3));
        assert.deepEqual((await store.verify()).damages, []);
      }
    });
  }
});
