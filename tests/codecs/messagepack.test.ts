/**
 * MessagePack: the bytes of its specification, on each runtime, and what is refused.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import { MemoryStore } from "../../mod.ts";
import { messagePackCodec } from "../../src/codecs/messagepack/mod.ts";
import { misuse } from "../support/expect.ts";

const { encode, decode } = messagePackCodec<unknown>();
const bytesOf = (value: unknown) => encode(value) as Uint8Array;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fromHex = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));

/** By the format's specification. */
const EXAMPLES: readonly (readonly [value: unknown, digits: string])[] = [
  [null, "c0"],
  [false, "c2"],
  [true, "c3"],
  [0, "00"],
  [127, "7f"],
  [128, "cc80"],
  [65_535, "cdffff"],
  [2 ** 32 - 1, "ceffffffff"],
  [2 ** 32, "cb41f0000000000000"],
  [-1, "ff"],
  [-33, "d0df"],
  [-(2 ** 31), "d280000000"],
  [1.5, "cb3ff8000000000000"],
  [5n, "cf0000000000000005"],
  [2n ** 64n - 1n, "cfffffffffffffffff"],
  [-(2n ** 63n), "d38000000000000000"],
  ["", "a0"],
  ["ä", "a2c3a4"],
  ["x".repeat(32), `d920${"78".repeat(32)}`],
  ["x".repeat(256), `da0100${"78".repeat(256)}`],
  [[1, [2]], "9201 9102"],
  [new Array(16).fill(1), `dc0010${"01".repeat(16)}`],
  [{ b: 1, a: null }, "82 a162 01 a161 c0"],
  [Uint8Array.of(1, 2), "c402 0102"],
  [new Date(1000), "d6ff 00000001"],
  [new Date(1500), "d7ff 7735940000000001"],
  [new Date(-1), "c70cff 3b8b87c0 ffffffffffffffff"],
];

test("this runtime writes the bytes that all others write, and reads them", () => {
  for (const [value, digits] of EXAMPLES) {
    assert.equal(hex(bytesOf(value)), digits.replaceAll(" ", ""), String(value));
    assert.deepEqual(decode(fromHex(digits)), value);
  }
  assert.equal(decode(fromHex("cf00000001 00000000")), 2n ** 32n);
  assert.equal(decode(fromHex("ca3fc00000")), 1.5);
});

test("a date and bytes of another realm are what they are", () => {
  const value = vm.runInNewContext("({ at: new Date(1000), bytes: new Uint8Array([1]), list: [1] })");
  assert.deepEqual(decode(bytesOf(value)), { at: new Date(1000), bytes: Uint8Array.of(1), list: [1] });
});

test("undefined is left out, or null", () => {
  assert.deepEqual(decode(bytesOf({ a: undefined, b: [undefined] })), { b: [null] });
  assert.equal(decode(bytesOf(undefined)), null);
  assert.ok(Object.is(decode(bytesOf(-0)), 0));
});

test("what the format has nothing for is refused", () => {
  class Custom {
    get [Symbol.toStringTag]() {
      return "Custom";
    }
  }
  for (const value of [
    new Map([[1, 2]]),
    new Set(),
    /a/,
    new Error("a"),
    Object(1),
    () => 1,
    Symbol("a"),
    new Float64Array(1),
  ]) {
    assert.throws(() => encode([value]), misuse(TypeError, "as MessagePack"), String(value));
  }
  assert.throws(() => encode([new ArrayBuffer(1), new DataView(new ArrayBuffer(1))]), misuse(TypeError, "ArrayBuffer"));
  assert.throws(() => encode(new Custom()), misuse(TypeError, "Custom"));
  assert.throws(() => encode({ date: new Date(Number.NaN) }), misuse(RangeError, "invalid date"));
  assert.throws(() => encode(2n ** 64n), misuse(RangeError, "more than 64 bits"));
  assert.throws(() => encode(-(2n ** 63n) - 1n), misuse(RangeError, "more than 64 bits"));
  assert.throws(() => encode(["\ud800"]), misuse(TypeError, "lone surrogate"));
  assert.throws(() => encode({ "\udc00": 1 }), misuse(TypeError, "lone surrogate"));
  assert.throws(() => encode(JSON.parse('{"__proto__":1}')), misuse(TypeError, "__proto__"));
  const circle: unknown[] = [];
  circle.push(circle);
  assert.throws(() => encode(circle), misuse(RangeError, "1000 levels"));
  // One that is called from within another is as strict.
  const nested = {
    get value() {
      return bytesOf(2n ** 64n);
    },
  };
  assert.throws(() => encode(nested), misuse(RangeError, "more than 64 bits"));
  assert.deepEqual(decode(bytesOf([1])), [1]);
});

test("bytes that are no MessagePack are refused", () => {
  const wrong: [string, string][] = [
    ["", "ends too early"],
    ["c1", "the tag C1 is not known"],
    ["01 01", "goes on behind its end"],
    ["92 01", "ends too early"],
    ["a5 61", "ends too early"],
    ["cd 01", "ends too early"],
    ["dd ffffffff", "ends too early"],
    [`${"dd 000fffff".repeat(100)}`, "ends too early"],
    ["df 7fffffff", "ends too early"],
    ["db ffffffff 61", "ends too early"],
    ["c6 ffffffff", "ends too early"],
    ["c9 ffffffff ff", "ends too early"],
    ["d4 05 01", "extension 5"],
    ["c7 03 ff 010203", "MessagePack"],
    ["81 a9 5f5f70726f746f5f5f 80", "__proto__"],
    ["81 90 01", "MessagePack"],
  ];
  for (const [digits, message] of wrong) {
    assert.throws(
      () => decode(fromHex(digits)),
      (error) => error instanceof SyntaxError && error.message.includes(message),
      digits,
    );
  }
});

test("a long array takes no memory before its items are there", () => {
  // 200,000 arrays within each other, each of 200,000 items: some 300 GB.
  const header = fromHex("dd 00030d40");
  const bytes = new Uint8Array(200_000 * header.length);
  for (let at = 0; at < bytes.length; at += header.length) bytes.set(header, at);
  assert.throws(() => decode(bytes), SyntaxError);
});

test("random values come back, and damaged ones do nothing else than fail", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double().map((value) => (value === 0 ? 0 : value)),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.string({ maxLength: 300, unit: "binary" }),
      fc.uint8Array(),
      fc.date({ noInvalidDate: true }),
      fc.array(tie("value"), { maxLength: 20 }),
      fc.dictionary(
        fc.string({ maxLength: 5 }).filter((key) => key !== "__proto__"),
        tie("value"),
        { noNullPrototype: true },
      ),
    ),
  }));
  fc.assert(
    fc.property(value, fc.nat(), fc.nat(255), (value, at, byte) => {
      const bytes = bytesOf(value);
      assert.deepEqual(decode(bytes), value);
      bytes[at % bytes.length] = byte;
      try {
        decode(bytes);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
      }
    }),
    { seed: 24, numRuns: 1000 },
  );
});

test("a view of a store takes MessagePack", async () => {
  const view = new MemoryStore().view({ prefix: "m/", value: messagePackCodec<{ at: Date }>() });
  await view.put("key", { at: new Date(5) });
  assert.deepEqual([...view.values()], [{ at: new Date(5) }]);
});
