/**
 * Frames: what one side writes the other one reads, in whatever pieces it comes; anything else is refused.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 } from "../../src/crc32.ts";
import { decodeFrame, encodeFrame, FrameReader, Kind, type Message } from "../../src/shared/frame.ts";
import { ProtocolError } from "../../src/shared/protocol_error.ts";

const MESSAGES: readonly Message[] = [
  { kind: Kind.HELLO, id: 0, body: [1, "ab".repeat(16)] },
  { kind: Kind.CALL, id: 1, body: { method: "put", args: [Uint8Array.of(1, 2), Uint8Array.of(), { ttl: 5 }] } },
  {
    kind: Kind.CALL,
    id: 2,
    body: { method: "put", args: [Uint8Array.of(1, 2), Uint8Array.of(3)], sequence: 2 ** 53 - 1 },
  },
  { kind: Kind.CALL, id: 3, body: { method: "put", args: [Uint8Array.of(), Uint8Array.of(), { durable: false }] } },
  { kind: Kind.CALL, id: 4, body: { method: "delete", args: [Uint8Array.of(9), { durable: true }], sequence: 5 } },
  { kind: Kind.CALL, id: 5, body: { method: "get", args: [Uint8Array.of(8)], holder: 0xffff_ffff } },
  { kind: Kind.CALL, id: 6, body: { method: "has", args: [Uint8Array.of(8)] } },
  { kind: Kind.CANCEL, id: 0xffff_ffff, body: undefined },
  { kind: Kind.ANSWER, id: 8, body: [2 ** 53 - 1, Uint8Array.of(1, 2, 3)] },
  { kind: Kind.ANSWER, id: 9, body: [1, Uint8Array.of()] },
  { kind: Kind.ANSWER, id: 10, body: [1, undefined] },
  { kind: Kind.ANSWER, id: 11, body: [1, true] },
  { kind: Kind.ANSWER, id: 12, body: [1, false] },
  { kind: Kind.ANSWER, id: 7, body: [3, [undefined, null, 2n ** 64n, -0.5, "ä", new Map([[1, { a: 1 }]])]] },
];
const BYTES = MESSAGES.map(encodeFrame);
const ALL = Uint8Array.from(BYTES.flatMap((frame) => [...frame]));

const readAll = (pieces: readonly Uint8Array[]) => {
  const reader = new FrameReader();
  return { messages: pieces.flatMap((piece) => [...reader.read(piece)]), reader };
};

/** Each byte of the frame, changed. */
function refusesChanges(frame: Uint8Array): void {
  for (let at = 0; at < frame.length; at++) {
    for (const bit of [0x01, 0x80]) {
      const damaged = frame.slice();
      damaged[at] = (damaged[at] as number) ^ bit;
      const reader = new FrameReader();
      try {
        assert.deepEqual([...reader.read(damaged)], [], `byte ${at}`);
        // A longer length: the rest would have another checksum.
        assert.ok(at < 4 && reader.isInside);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }
  }
}

describe("frames", () => {
  test("the checksum is that of IEEE 802.3", () => {
    assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  });

  test("come out as they went in, whole, byte by byte, and cut at each place", () => {
    assert.deepEqual(readAll([ALL]).messages, MESSAGES);
    const single = readAll([...ALL].map((byte) => Uint8Array.of(byte)));
    assert.deepEqual(single.messages, MESSAGES);
    assert.equal(single.reader.isInside, false);
    for (let at = 0; at <= ALL.length; at++) {
      assert.deepEqual(readAll([ALL.subarray(0, at), ALL.subarray(at)]).messages, MESSAGES);
    }
  });

  test("with any byte changed are refused, or wait for more bytes", () => {
    for (const frame of BYTES) refusesChanges(frame);
  });

  test("with a short body that is wrong inside are refused", () => {
    const wrong = (kind: Kind, ...body: number[]) => {
      const frame = new Uint8Array(13 + body.length);
      const view = new DataView(frame.buffer);
      view.setUint32(0, frame.length - 8, true);
      frame[8] = kind;
      frame.set(body, 13);
      view.setUint32(4, crc32(frame.subarray(8)), true);
      assert.throws(() => decodeFrame(frame), /body of a frame cannot be read/);
    };
    const call = (method: number, durable: number, keyLength: number, ...key: number[]) =>
      wrong(Kind.CALL, 1, method, durable, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, keyLength, 0, 0, 0, ...key);
    call(4, 0, 1, 97);
    call(2, 3, 1, 97);
    call(2, 0, 2, 97);
    call(0, 0, 1, 97, 98);
    wrong(Kind.CALL, 1, 0);
    wrong(Kind.CALL, 3);
    wrong(Kind.ANSWER, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0);
    wrong(Kind.ANSWER, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7);
    wrong(Kind.ANSWER, 2, 1);
  });

  test("that are too long or too short, of an unknown kind, or with a body that is no value are refused", () => {
    const withLength = (length: number) => {
      const head = new Uint8Array(8);
      new DataView(head.buffer).setUint32(0, length, true);
      return head;
    };
    const wrong = (bytes: Uint8Array, mostBytes?: number) => () => [...new FrameReader(mostBytes).read(bytes)];
    assert.throws(wrong(withLength(4)), /a frame has 4 bytes: expected 5 to/);
    assert.throws(wrong(withLength(0xffff_ffff)), /a frame has 4294967295 bytes/);
    assert.throws(wrong(withLength(101), 100), /expected 5 to 100/);
    const changed = (change: (content: Uint8Array) => void) => {
      const frame = (BYTES[0] as Uint8Array).slice();
      change(frame.subarray(8));
      new DataView(frame.buffer).setUint32(4, crc32(frame.subarray(8)), true);
      return frame;
    };
    assert.throws(wrong(changed((content) => content.fill(99, 0, 1))), /the kind 99/);
    assert.throws(wrong(changed((content) => content.fill(0x3f, 7))), /body of a frame cannot be read/);
  });

  test("keep no memory of the pieces they came in", () => {
    const piece = ALL.slice();
    const { messages } = readAll([piece]);
    piece.fill(0);
    assert.deepEqual(messages, MESSAGES);
  });
});
