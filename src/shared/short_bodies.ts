/**
 * The short form of the bodies that most messages have: a call for one key, and an answer that is bytes or yes or no. To
 * write and read it takes a quarter of the time of a cloned value, which has another first byte.
 *
 * | bytes | of a CALL |
 * |---|---|
 * | 1 | 01 |
 * | 1 | the method: its place in {@linkcode METHODS} |
 * | 1 | whether the write is durable: 0 as the client said in HELLO, 1 no, 2 yes |
 * | 4 | the holder, 0 for none |
 * | 8 | the sequence, a double; 0 for none |
 * | 4 | the length of the key |
 * | that many | the key |
 * | the rest | the value of a put |
 *
 * | bytes | of an ANSWER |
 * |---|---|
 * | 1 | 02 |
 * | 1 | the result: 0 `undefined`, 1 `false`, 2 `true`, 3 the bytes that follow |
 * | 8 | the version of the store, a double |
 * | the rest | the bytes |
 *
 * Numbers are little-endian.
 *
 * @module
 */

import { NOTHING } from "../bytes.ts";
import { isUint8Array } from "../realm.ts";
import { type Call, onlyDurable } from "./calls.ts";
import { ProtocolError } from "./protocol_error.ts";

const [CALL, ANSWER] = [1, 2];
const CALL_BYTES = 19;
const ANSWER_BYTES = 10;

const METHODS = ["get", "has", "put", "delete"] as const;
const PUT = METHODS.indexOf("put");
/** By the byte that says it. */
const DURABLE = [undefined, false, true] as const;
const RESULTS = [undefined, false, true] as const;
const BYTES = 3;

/** A body in the short form, as a head and what follows it. */
export type ShortBody = readonly [head: Uint8Array, key: Uint8Array, value: Uint8Array];

/** The body of a CALL in the short form; `undefined` if it has none. */
export function shortCall({ method, args, holder = 0, sequence = 0, from }: Call): ShortBody | undefined {
  const place = METHODS.indexOf(method as "get");
  if (place < 0 || from) return undefined;
  const [key, value, options] = place === PUT ? args : [args[0], NOTHING, args[1]];
  const durable = DURABLE.indexOf(onlyDurable(options) as undefined);
  if (durable < 0 || !isUint8Array(key) || !isUint8Array(value) || (durable > 0 && place < PUT)) return undefined;
  const head = new Uint8Array(CALL_BYTES);
  const view = new DataView(head.buffer);
  head[0] = CALL;
  head[1] = place;
  head[2] = durable;
  view.setUint32(3, holder, true);
  view.setFloat64(7, sequence, true);
  view.setUint32(15, key.length, true);
  return [head, key, value];
}

/** The body of an ANSWER in the short form; `undefined` if it has none. */
export function shortAnswer([version, result]: readonly [number, unknown]): ShortBody | undefined {
  const place = isUint8Array(result) ? BYTES : RESULTS.indexOf(result as undefined);
  if (place < 0) return undefined;
  const head = new Uint8Array(ANSWER_BYTES);
  head[0] = ANSWER;
  head[1] = place;
  new DataView(head.buffer).setFloat64(2, version, true);
  return [head, NOTHING, place === BYTES ? (result as Uint8Array) : NOTHING];
}

/** The body in bytes of the short form. Throws {@linkcode ProtocolError}. */
export function fromShort(bytes: Uint8Array): unknown {
  const body = bytes[0] === CALL ? callFrom(bytes) : bytes[0] === ANSWER ? answerFrom(bytes) : undefined;
  if (body) return body;
  throw new ProtocolError(`the body of a frame cannot be read: ${bytes.length} bytes that begin with ${bytes[0]}`);
}

function callFrom(bytes: Uint8Array): Call | undefined {
  if (bytes.length < CALL_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [place, durable] = [bytes[1] as number, bytes[2] as number];
  const [holder, sequence] = [view.getUint32(3, true), view.getFloat64(7, true)];
  const keyEnd = CALL_BYTES + view.getUint32(15, true);
  const method = METHODS[place];
  const isRight = place === PUT ? keyEnd <= bytes.length : keyEnd === bytes.length;
  if (method === undefined || durable >= DURABLE.length || !isRight || !(sequence >= 0)) return undefined;
  // Copies: the bytes of a connection are used again.
  const args: unknown[] = [bytes.slice(CALL_BYTES, keyEnd)];
  if (place === PUT) args.push(bytes.slice(keyEnd));
  if (durable > 0) args.push({ durable: DURABLE[durable] });
  return { method, args, ...(holder > 0 ? { holder } : {}), ...(sequence > 0 ? { sequence } : {}) };
}

function answerFrom(bytes: Uint8Array): readonly [number, unknown] | undefined {
  const place = bytes[1] as number;
  if (bytes.length < ANSWER_BYTES || place > BYTES || (place < BYTES && bytes.length > ANSWER_BYTES)) return undefined;
  const version = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(2, true);
  return [version, place === BYTES ? bytes.slice(ANSWER_BYTES) : RESULTS[place]];
}
