/**
 * Data that every runtime writes and checks in the same way. Each generation overwrites, deletes and adds entries.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Store } from "../../mod.ts";

const MiB = 1024 * 1024;

/** Brings the store from the generation before to this one. */
export async function writeGeneration(store: Store, generation: number): Promise<void> {
  const writes: Promise<unknown>[] = [
    store.put("generation", `${generation}`),
    store.put(`added/${generation}`, "x".repeat(generation)),
    store.put("größe/\u{1F600}", `ß${generation}`),
    store.put(Uint8Array.from([0, 255, 0]), Uint8Array.from([generation])),
    store.put("large", largeValue(generation)),
  ];
  if (generation > 0) writes.push(store.delete(`added/${generation - 1}`));
  for (let i = 0; i < 500; i++) writes.push(store.put(`many/${i}`, `${i}.${generation}`));
  await Promise.all(writes);
}

/** Asserts that the store is exactly at this generation. */
export function checkGeneration(store: Store, generation: number): void {
  const text = (key: string) => {
    const value = store.getSync(key);
    return value && new TextDecoder().decode(value);
  };
  assert.equal(text("generation"), `${generation}`);
  assert.deepEqual([...store.scanSync("added/").keys()], [`added/${generation}`]);
  assert.equal(text("größe/\u{1F600}"), `ß${generation}`);
  assert.deepEqual(store.getSync(Uint8Array.from([0, 255, 0])), Uint8Array.from([generation]));
  assert.deepEqual(store.getSync("large"), largeValue(generation));
  const many = store.scanSync("many/");
  assert.equal(many.size, 500);
  for (let i = 0; i < 500; i++) assert.equal(text(`many/${i}`), `${i}.${generation}`);
}

function largeValue(generation: number): Uint8Array {
  return new Uint8Array(MiB + generation).fill(generation);
}
