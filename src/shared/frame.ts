/**
 * Frames: the messages of the protocol as bytes.
 *
 * | bytes | |
 * |---|---|
 * | 4 | the length of what follows the checksum, at least 5 |
 * | 4 | the checksum of that: see ../crc32.ts |
 * | 1 | the kind of the message |
 * | 4 | the id that the message belongs to |
 * | the rest | the body: nothing for `undefined`, a short form (see short_bodies.ts), or a cloned value (see ../codecs/clone/format.ts) |
 *
 * Numbers are little-endian.
 *
 * @module
 */

import { NOTHING, putAll } from "../bytes.ts";
import { MAGIC } from "../codecs/clone/format.ts";
import { CloneReader } from "../codecs/clone/reader.ts";
import { CloneWriter } from "../codecs/clone/writer.ts";
import { crc32 } from "../crc32.ts";
import type { Call } from "./calls.ts";
import { ProtocolError } from "./protocol_error.ts";
import { fromShort, shortAnswer, shortCall } from "./short_bodies.ts";

/** The kinds of messages. */
export const Kind = {
  /** From the client, first: see greeting.ts. */
  HELLO: 1,
  /** The answer to that: what the client must know about the store. */
  WELCOME: 2,
  /** From the client: a call. See calls.ts. */
  CALL: 3,
  /** The result of a call, which ends it: `[version of the store, result]`. */
  ANSWER: 4,
  /** The error of a call, which ends it: `[version of the store, error]`. Without an id, the last message before the end. */
  FAILURE: 5,
  /** Some items of a stream. */
  ITEMS: 6,
  /** To the sender of a stream: how many more messages with items it may send. */
  CREDIT: 7,
  /** The end of the items that the client sends. */
  END: 8,
  /** From the client: it does not want the result any more. */
  CANCEL: 9,
} as const;

/** One of them. */
export type Kind = (typeof Kind)[keyof typeof Kind];

/** A message. */
export interface Message {
  readonly kind: Kind;
  /** Which call it belongs to; 0 for none. */
  readonly id: number;
  readonly body: unknown;
}

const PREFIX_BYTES = 8;
const HEAD_BYTES = 5;
/** A batch has at most 256 MiB of keys and values. What surrounds them takes less than as much again. */
export const MOST_FRAME_BYTES: number = 512 * 1024 * 1024;
const KINDS: ReadonlySet<number> = new Set(Object.values(Kind));

/** The frame of a message. Throws `CloneError` or `RangeError` if the body cannot be sent. */
export function encodeFrame({ kind, id, body }: Message): Uint8Array<ArrayBuffer> {
  const pieces = piecesOf(kind, body);
  const start = PREFIX_BYTES + HEAD_BYTES;
  const frame = putAll(pieces, new Uint8Array(pieces.reduce((sum, { length }) => sum + length, start)), start);
  const view = new DataView(frame.buffer);
  frame[PREFIX_BYTES] = kind;
  view.setUint32(PREFIX_BYTES + 1, id, true);
  view.setUint32(0, frame.length - PREFIX_BYTES, true);
  view.setUint32(4, crc32(frame.subarray(PREFIX_BYTES)), true);
  return frame;
}

/** The bytes of a body. */
function piecesOf(kind: Kind, body: unknown): readonly Uint8Array[] {
  if (body === undefined) return [];
  const short =
    kind === Kind.CALL
      ? shortCall(body as Call)
      : kind === Kind.ANSWER
        ? shortAnswer(body as [number, unknown])
        : undefined;
  return short ?? [new CloneWriter(MOST_FRAME_BYTES - HEAD_BYTES).write(body)];
}

/** Reads messages from bytes that come in pieces. */
export class FrameReader {
  readonly #mostBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** Refuses longer frames. */
  constructor(mostBytes: number = MOST_FRAME_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** The messages that are complete with these bytes. Throws {@linkcode ProtocolError}: the connection is of no use then. */
  *read(piece: Uint8Array): Generator<Message, undefined> {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    for (;;) {
      const length = this.#lengthOfNext();
      if (length === undefined || this.#bytes < PREFIX_BYTES + length) return undefined;
      yield decodeFrame(this.#take(PREFIX_BYTES + length));
    }
  }

  /** The bytes behind the last message. The reader is of no use then. */
  rest(): Uint8Array {
    return this.#bytes === 0 ? NOTHING : this.#joined(this.#bytes);
  }

  /** Whether a frame has begun. */
  get isInside(): boolean {
    return this.#bytes > 0;
  }

  #lengthOfNext(): number | undefined {
    if (this.#bytes < PREFIX_BYTES) return undefined;
    const start = this.#joined(PREFIX_BYTES);
    const length = new DataView(start.buffer, start.byteOffset).getUint32(0, true);
    if (length >= HEAD_BYTES && length <= this.#mostBytes) return length;
    throw new ProtocolError(`a frame has ${length} bytes: expected ${HEAD_BYTES} to ${this.#mostBytes}`);
  }

  /** The first piece, which has at least `count` bytes then. */
  #joined(count: number): Uint8Array {
    const first = this.#pieces[0] as Uint8Array;
    if (first.length >= count) return first;
    const all = putAll(this.#pieces, new Uint8Array(this.#bytes));
    this.#pieces = [all];
    return all;
  }

  #take(count: number): Uint8Array {
    const first = this.#joined(count);
    this.#bytes -= count;
    if (first.length === count) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(count);
    return first.subarray(0, count);
  }
}

/** The message of a frame. Throws {@linkcode ProtocolError}. */
export function decodeFrame(frame: Uint8Array): Message {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const content = frame.subarray(PREFIX_BYTES);
  if (crc32(content) !== view.getUint32(4, true))
    throw new ProtocolError("a frame has another checksum than its bytes");
  const kind = content[0] as Kind;
  if (!KINDS.has(kind)) throw new ProtocolError(`a frame has the kind ${kind}, which this release does not know`);
  const body = content.subarray(HEAD_BYTES);
  return { kind, id: view.getUint32(PREFIX_BYTES + 1, true), body: body.length === 0 ? undefined : bodyOf(body) };
}

function bodyOf(bytes: Uint8Array): unknown {
  if (bytes[0] !== MAGIC) return fromShort(bytes);
  try {
    return new CloneReader(bytes).read();
  } catch (cause) {
    throw new ProtocolError(`the body of a frame cannot be read: ${(cause as Error).message}`, { cause });
  }
}
