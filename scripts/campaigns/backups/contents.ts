/**
 * Functions that the tests of backups share.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  MemoryFileSystem,
  MemoryStore,
  open,
  type Reader,
  type SledStoreConfig,
  type Store,
  type ValueEntry,
} from "../../../mod.ts";
import { Random } from "../../lib/random.ts";

/** The bytes of a stream. */
export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

/** A stream of these bytes, in chunks of this size. */
export function streamOf(bytes: Uint8Array, chunk: number = 64 * 1024): ReadableStream<Uint8Array> {
  const chunks = chunksOf(bytes, chunk);
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const { value } = chunks.next();
    if (value) controller.enqueue(value);
    else controller.close();
  };
  return new ReadableStream({ pull });
}

function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  return undefined;
}

/** Everything that a reader finds, with versions and expiry: one line for each entry. */
export function contentsOf(reader: Reader): string[] {
  return [...reader.keys({ keyEncoding: "bytes" })].map((key) => {
    const entry = reader.getEntrySync(key);
    assert.ok(entry);
    return lineOf(key, entry);
  });
}

/** An entry in the form of {@linkcode contentsOf}. */
export function lineOf(key: Uint8Array, { value, version, expiresAt }: ValueEntry): string {
  const digest = createHash("sha256").update(value).digest("hex").slice(0, 16);
  const name = Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${name} ${version} ${expiresAt ?? "-"} ${value.length} ${digest}`;
}

/** A kind of store. Each call creates an empty store. */
export interface Kind {
  readonly name: string;
  make(options?: Partial<SledStoreConfig>): Promise<Store>;
}

/** The kinds of stores for every test of backups. */
export const KINDS: readonly Kind[] = [
  { name: "MemoryStore", make: async ({ numVersionsToKeep = 1 } = {}) => new MemoryStore({ numVersionsToKeep }) },
  {
    name: "SledStore",
    make: (options) =>
      open({ path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024, ...options }),
  },
];

/** Random writes: small and large values, deletions, batches, expiry. */
export async function writeAtRandom(store: Store, seed: number, count: number, largest = 6000): Promise<void> {
  const random = new Random(seed);
  const key = () => `key ${random.below(300)}`;
  const value = () => {
    const size = random.below(10) < 9 ? random.below(200) : random.below(largest);
    return new Uint8Array(size).fill(random.below(256));
  };
  for (let i = 0; i < count; i++) {
    const kind = random.below(10);
    if (kind < 6) store.put(key(), value());
    else if (kind < 8) store.delete(key());
    else if (kind < 9) store.put(key(), value(), { ttl: 3_600_000 + random.below(1000) });
    else store.batch(Array.from({ length: 5 }, () => ({ type: "put", key: key(), value: value() })));
  }
  await store.flush();
}
