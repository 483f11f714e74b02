/**
 * What the cases run on: luge's database, or Deno's own.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Kv, KvEntry, KvU64 } from "../../src/adapters/kv/mod.ts";

/** An implementation of Deno KV. */
export interface Subject {
  readonly open: () => Promise<Kv>;
  readonly U64: typeof KvU64;
}

/** Cases by name. Each gets an empty database, and may close it. */
export type Cases = Readonly<Record<string, (kv: Kv, subject: Subject) => Promise<void>>>;

/** Expects a rejection, or an exception, with an error of this name and message. */
export async function refuses(call: () => unknown, name: string, message: RegExp | string = ""): Promise<void> {
  await assert.rejects(
    async () => await call(),
    (error: Error) => {
      assert.equal(error.name, name, String(error));
      if (typeof message === "string") assert.ok(error.message.includes(message), error.message);
      else assert.match(error.message, message);
      return true;
    },
  );
}

/** All entries of a list. */
export async function collect<T>(list: AsyncIterable<KvEntry<T>>): Promise<KvEntry<T>[]> {
  const entries: KvEntry<T>[] = [];
  for await (const entry of list) entries.push(entry);
  return entries;
}

/** The values of a list. */
export async function valuesOf(list: AsyncIterable<KvEntry<unknown>>): Promise<unknown[]> {
  return (await collect(list)).map(({ value }) => value);
}

/** A promise with its function. Not every runtime has `Promise.withResolvers`. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
