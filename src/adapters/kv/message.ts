/**
 * Messages of the queue, as entries of a store. The keys begin with the time of the delivery, so the store keeps them
 * in its order.
 *
 * @module
 */

import type { BatchOperation } from "../../api/writes.ts";
import { concat } from "../../bytes.ts";
import { cloneCodec } from "../../codecs/clone/codec.ts";
import { Space } from "./keys.ts";

/** The default delays before further deliveries, in milliseconds. */
export const BACKOFF_MS: readonly number[] = [100, 1000, 5000, 30_000, 60_000];

/** A message. */
export interface Message {
  /** The value, with the bytes of {@linkcode encodeValue}. */
  readonly payload: Uint8Array;
  /** When it is delivered, in milliseconds since 1970. */
  readonly dueMs: number;
  /** The delays before further deliveries, in milliseconds. */
  readonly backoff: readonly number[];
  /** The bytes of the keys that get the value if no delivery succeeds. */
  readonly keysIfUndelivered: readonly Uint8Array[];
}

const codec = cloneCodec<Omit<Message, "dueMs">>();

/** Where the sequence number of a key begins, and where the random bytes do. */
const [SEQUENCE_AT, RANDOM_AT, KEY_BYTES] = [8, 16, 24];
let sequence = 0n;

/** The operation that puts a message into the queue. Messages of one time are delivered in the order of these calls. */
export function messageOperation(message: Message): BatchOperation {
  const { payload, backoff, keysIfUndelivered } = message;
  return { type: "put", key: messageKey(message.dueMs), value: codec.encode({ payload, backoff, keysIfUndelivered }) };
}

/** The message of an entry of the queue. */
export function messageOf(key: Uint8Array, value: Uint8Array): Message {
  return { ...codec.decode(value), dueMs: dueOf(key) };
}

/** When the message with this key is delivered, in milliseconds since 1970. */
export function dueOf(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset).getBigUint64(Space.QUEUE.length));
}

function messageKey(dueMs: number): Uint8Array {
  const bytes = new Uint8Array(KEY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(Math.max(0, Math.ceil(dueMs))));
  view.setBigUint64(SEQUENCE_AT, sequence);
  sequence += 1n;
  // After a restart the numbers begin again, and the clock may have been set back.
  crypto.getRandomValues(bytes.subarray(RANDOM_AT));
  return concat(Space.QUEUE, bytes);
}
