/**
 * The data path: reads, atomic writes and watches, from and to the messages of the protocol.
 *
 * @module
 */

import type { ValueEntry } from "../../api/entries.ts";
import type { Store } from "../../api/store.ts";
import { concat, fromHex, hexOf } from "../../bytes.ts";
import { clearInterval, clock, setInterval, type Timer } from "../../clock.ts";
import { entryKey, MAX_BYTES, Space } from "../kv/keys.ts";
import type { Message } from "../kv/message.ts";
import type { Mutation } from "../kv/mutations.ts";
import { toV8 } from "../kv/v8.ts";
import { decodeValue, Encoding, join } from "../kv/values.ts";
import { versionOf, versionstampOf } from "../kv/versionstamp.ts";
import { type Seen, watchKeys } from "../kv/watch.ts";
import { write } from "../kv/write.ts";
import { atomicWriteOutput, type SentEntry, STILL_THERE, snapshotReadOutput, watchOutput } from "./answers.ts";
import {
  type EncodedValue,
  readAtomicWrite,
  readSnapshotRead,
  readWatch,
  type SentCheck,
  type SentMessage,
  type SentMutation,
} from "./messages.ts";
import { refuse } from "./refusal.ts";

/** The most ranges, and the most entries of a range, that one request reads. */
const [MAX_RANGES, MAX_ENTRIES] = [1000, 10_000];
const MAX_WATCHED_KEYS = 1000;
/** How often a watch without changes says that the server is there. */
const STILL_THERE_MS = 5000;
/** `M_SET` and so on. */
const TYPES = { 1: "set", 2: "delete", 3: "sum", 4: "max", 5: "min", 9: "suffixed" } as const;

/** Reads ranges, all at one version. */
export async function snapshotRead(store: Store, body: Uint8Array): Promise<Uint8Array> {
  const ranges = readSnapshotRead(body);
  if (ranges.length > MAX_RANGES) refuse(`Too many ranges: ${ranges.length}, the limit is ${MAX_RANGES}`);
  const snapshot = store.snapshot();
  try {
    const found: SentEntry[][] = [];
    for (const { start, end, limit, reverse } of ranges) {
      if (limit < 1 || limit > MAX_ENTRIES) refuse(`Wrong limit ${limit}: expected 1 to ${MAX_ENTRIES}`);
      const [gte, lt] = [boundOf(start), boundOf(end)];
      const records = snapshot.records({ gte, lt, limit, reverse, keyEncoding: "bytes" });
      found.push((await records.toArray()).map((record) => sentEntry(record.key.subarray(1), record)));
    }
    return snapshotReadOutput(found);
  } finally {
    snapshot.dispose();
  }
}

/** Does an atomic write. */
export async function atomicWrite(store: Store, body: Uint8Array): Promise<Uint8Array> {
  const sent = readAtomicWrite(body);
  const version = await write(store, {
    checks: sent.checks.map(toCheck),
    mutations: sent.mutations.map(toMutation),
    messages: sent.messages.map(toMessage),
  });
  return atomicWriteOutput(version === undefined ? undefined : fromHex(versionstampOf(version)));
}

/** Watches keys: a stream of messages, each after its length. */
export function watch(store: Store, body: Uint8Array): ReadableStream<Uint8Array> {
  const keys = readWatch(body);
  if (keys.length > MAX_WATCHED_KEYS) refuse(`Too many keys: ${keys.length}, the limit is ${MAX_WATCHED_KEYS}`);
  for (const key of keys) checkKey(key);
  const show = (seen: Seen): Uint8Array =>
    watchOutput(seen.map((entry, i) => entry && sentEntry(keys[i] as Uint8Array, entry)));
  const never = new AbortController().signal;
  const changes = watchKeys(store, { keys: keys.map(entryKey), isRaw: true, closing: never, show });
  return withPulse(changes);
}

/** Adds signs of life to a stream. */
function withPulse(changes: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = changes.getReader();
  let timer: Timer | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(STILL_THERE);
      }, STILL_THERE_MS);
      timer.unref();
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      clearInterval(timer);
    },
    async cancel() {
      clearInterval(timer);
      await reader.cancel();
    },
  });
}

/** An entry as the protocol has it. A value in luge's own format becomes one in V8's. */
function sentEntry(key: Uint8Array, { value, version }: ValueEntry): SentEntry {
  const isOwn = value[0] === Encoding.CLONE;
  return {
    key,
    encoding: isOwn ? Encoding.V8 : (value[0] as number),
    data: isOwn ? toV8(decodeValue(value)) : value.subarray(1),
    versionstamp: fromHex(versionstampOf(version)),
  };
}

function toCheck({ key, versionstamp }: SentCheck): { key: Uint8Array; version: number | undefined } {
  checkWrittenKey(key);
  if (versionstamp.length === 0) return { key, version: undefined };
  if (versionstamp.length !== 10) refuse(`Wrong versionstamp: expected 10 bytes, got ${versionstamp.length}`);
  return { key, version: versionOf(hexOf(versionstamp)) };
}

function toMutation({ key, value, type: number, expireAtMs, isBounded }: SentMutation): Mutation {
  checkWrittenKey(key);
  const type = TYPES[number as keyof typeof TYPES] ?? refuse(`Unknown type ${number} of a mutation`);
  if (isBounded) refuse("luge does not support the bounds of a sum");
  if (type === "delete") return { type, key };
  const stored = toStored(value);
  if (type !== "set" && type !== "suffixed") return { type, key, value: stored };
  const ttl = expireAtMs === 0 ? undefined : Math.max(1, expireAtMs - clock.now());
  return { type: "set", key, value: stored, ttl, isSuffixed: type === "suffixed" };
}

function toMessage({ payload, deadlineMs, keysIfUndelivered, backoff }: SentMessage): Message {
  for (const key of keysIfUndelivered) checkWrittenKey(key);
  return { payload: join(Encoding.V8, payload), dueMs: Math.max(0, deadlineMs), backoff, keysIfUndelivered };
}

function toStored({ data, encoding }: EncodedValue): Uint8Array {
  if (encoding !== Encoding.V8 && encoding !== Encoding.U64 && encoding !== Encoding.BYTES) {
    refuse(`Unknown encoding ${encoding} of a value`);
  }
  if (encoding === Encoding.U64 && data.length !== 8) refuse(`Wrong integer: expected 8 bytes, got ${data.length}`);
  return join(encoding, data);
}

function checkWrittenKey(key: Uint8Array): void {
  if (key.length === 0) refuse("key cannot be empty");
  checkKey(key);
}

function checkKey(key: Uint8Array): void {
  if (key.length > MAX_BYTES) refuse(`Key too large (max ${MAX_BYTES} bytes)`);
}

/** A bound has one byte more than a key. */
function boundOf(bound: Uint8Array): Uint8Array {
  if (bound.length > MAX_BYTES + 1) refuse(`Key too large (max ${MAX_BYTES} bytes)`);
  return concat(Space.ENTRY, bound);
}
