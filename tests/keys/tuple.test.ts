/**
 * Tuples as bytes: their order, their round trip, and what is refused.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytes } from "../../src/bytes.ts";
import { decodeTuple, encodeTuple, type Tuple, type TuplePart, tupleRange } from "../../src/keys/mod.ts";
import { misuse } from "../support/expect.ts";
import { bigints, parts, RUNS, tuples } from "./tuples.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytesOf = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));

/** Where each type stands: the order that the page and the doc comment have. */
const RANKS: readonly ((part: TuplePart) => boolean)[] = [
  (part) => part === null,
  (part) => part instanceof Uint8Array,
  (part) => typeof part === "string",
  (part) => Array.isArray(part),
  (part) => typeof part === "bigint",
  (part) => typeof part === "number",
  (part) => part === false,
  (part) => part === true,
  (part) => part instanceof Date,
];

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a === b) return 0;
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : 1;
}

/** By code points, which JavaScript's own comparison does not do. */
function compareText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareParts(a: TuplePart, b: TuplePart): number {
  const [left, right] = [a, b].map((part) => RANKS.findIndex((is) => is(part)));
  if (left !== right) return (left ?? 0) - (right ?? 0);
  if (typeof a === "string") return compareText(a, b as string);
  if (typeof a === "number" || typeof a === "bigint") return compareNumbers(a, b as number | bigint);
  if (a instanceof Date) return a.getTime() - (b as Date).getTime();
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  return Array.isArray(a) ? compareTuples(a, b as Tuple) : 0;
}

function compareTuples(a: Tuple, b: Tuple): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareParts(a[i] as TuplePart, b[i] as TuplePart);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

test("encoded tuples have the order of their parts", () => {
  fc.assert(
    fc.property(tuples, tuples, (a, b) => {
      const order = Math.sign(compareBytes(encodeTuple(a), encodeTuple(b)));
      assert.equal(order, Math.sign(compareTuples(a, b)));
    }),
    RUNS,
  );
  // Two of one type are seldom drawn.
  for (const kind of parts) {
    fc.assert(
      fc.property(kind, kind, (a, b) => {
        const order = Math.sign(compareBytes(encodeTuple([a, 1]), encodeTuple([b])));
        assert.equal(order, Math.sign(compareTuples([a, 1], [b])));
      }),
      RUNS,
    );
  }
});

test("a tuple comes back as it was", () => {
  fc.assert(
    fc.property(tuples, (tuple) => {
      assert.deepEqual(decodeTuple(encodeTuple(tuple)), tuple);
    }),
    RUNS,
  );
});

test("a tuple is a prefix of those that go on, and they are its range", () => {
  fc.assert(
    fc.property(tuples, tuples, fc.array(tuples, { maxLength: 5 }), (start, rest, others) => {
      const [prefix, longer] = [encodeTuple(start), encodeTuple([...start, ...rest])];
      assert.deepEqual(longer.subarray(0, prefix.length), prefix);
      const { gt, lt } = tupleRange(start);
      for (const other of [[...start, ...rest], ...others]) {
        const bytes = encodeTuple(other);
        const isBelow = other.length > start.length && compareTuples(other.slice(0, start.length), start) === 0;
        assert.equal(compareBytes(bytes, gt) > 0 && compareBytes(bytes, lt) < 0, isBelow);
      }
    }),
    RUNS,
  );
});

test("text that goes on with a zero is not below the text", () => {
  const { lt } = tupleRange(["a"]);
  assert.ok(compareBytes(encodeTuple(["a\0b"]), lt) > 0);
  assert.deepEqual(encodeTuple(["a\0b"]).subarray(0, 3), encodeTuple(["a"]));
});

test("bytes are those of FoundationDB's specification, and of its bindings", () => {
  const examples: [TuplePart, string][] = [
    // From design/tuple.md.
    [Buffer.from("foo\0bar"), "01 666f6f00ff626172 00"],
    ["F\u00d4O\0bar", "02 46c3944f00ff626172 00"],
    [[new Uint8Array(Buffer.from("foo\0bar")), null, []], "05 01666f6f00ff62617200 00ff 0500 00"],
    [-5_551_212n, "11 ab4b93"],
    [-1n, "13 fe"],
    [null, "00"],
    [false, "26"],
    [true, "27"],
    [[], "05 00"],
    [[null], "05 00ff 00"],
    // From the Python binding.
    [0n, "14"],
    [255n, "15 ff"],
    [256n, "16 0100"],
    [2n ** 64n - 1n, `1c ${"ff".repeat(8)}`],
    [1n - 2n ** 64n, `0c ${"00".repeat(8)}`],
    [2n ** 64n, `1d 09 01${"00".repeat(8)}`],
    [-(2n ** 64n), `0b f6 fe${"ff".repeat(8)}`],
    [1.5, "21 bff8000000000000"],
    [-42, "21 3fbaffffffffffff".replace("3fbaff", "3fbaff")],
    [0, "21 8000000000000000"],
    [Number.POSITIVE_INFINITY, "21 fff0000000000000"],
    [Number.NEGATIVE_INFINITY, "21 000fffffffffffff"],
    // luge's own.
    [Number.NaN, "21 fff8000000000000"],
    [new Date(1), "40 bff0000000000000"],
    [2n ** 2040n, `1e 0100 01${"00".repeat(255)}`],
    [-(2n ** 2040n), `0a feff fe${"ff".repeat(255)}`],
  ];
  for (const [part, digits] of examples) {
    assert.equal(hex(encodeTuple([part])), digits.replaceAll(" ", ""), String(part));
    assert.deepEqual(decodeTuple(bytesOf(digits)), [part instanceof Buffer ? new Uint8Array(part) : part]);
  }
});

test("-0 is the part 0, and every NaN is one part", () => {
  assert.deepEqual(encodeTuple([-0]), encodeTuple([0]));
  assert.ok(Object.is(decodeTuple(encodeTuple([-0]))[0], 0));
  const other = new Float64Array(new BigUint64Array([0xfff0_0000_0000_0001n]).buffer)[0] as number;
  assert.deepEqual(encodeTuple([other]), encodeTuple([Number.NaN]));
});

test("integers of all sizes have their order", () => {
  const edges = [0n, 1n, 8n, 16n, 32n, 63n, 64n, 65n, 72n, 2032n, 2039n, 2040n, 2041n, 20_000n, 500_000n];
  const amounts = edges.flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n]);
  const sorted = [...amounts.map((amount) => -amount), ...amounts].sort((a, b) => compareNumbers(a, b));
  const encoded = sorted.map((value) => encodeTuple([value]));
  for (const [i, bytes] of encoded.entries()) {
    assert.equal(decodeTuple(bytes)[0], sorted[i]);
    if (i > 0) assert.equal(compareBytes(encoded[i - 1] as Uint8Array, bytes) < 0, sorted[i - 1] !== sorted[i]);
  }
  fc.assert(
    fc.property(bigints, (value) => assert.equal(decodeTuple(encodeTuple([value]))[0], value)),
    RUNS,
  );
});

test("long text and long bytes come back", () => {
  for (const text of [
    "a".repeat(64_998),
    "ä".repeat(20_000),
    "€".repeat(20_000),
    "\0".repeat(30_000),
    "\ufeffa",
    "😀".repeat(40),
  ]) {
    assert.deepEqual(decodeTuple(encodeTuple([text])), [text]);
  }
  const bytes = new Uint8Array(64_000).fill(0xff);
  const [part] = decodeTuple(encodeTuple([bytes])) as [Uint8Array];
  assert.deepEqual(part, bytes);
});

test("bytes of a decoded tuple are copies", () => {
  const key = encodeTuple([Uint8Array.of(1, 2)]);
  const [part] = decodeTuple(key) as [Uint8Array];
  part[0] = 9;
  assert.equal(key[1], 1);
  assert.equal(part.buffer.byteLength, 2);
});

test("what cannot be a part is refused, and its place is named", () => {
  const refuse = (tuple: unknown, kind: typeof TypeError | typeof RangeError, message: string) =>
    assert.throws(() => encodeTuple(tuple as Tuple), misuse(kind, message));
  refuse("user", TypeError, "Cannot use a string as a tuple: expected an array");
  refuse(undefined, TypeError, "Cannot use undefined as a tuple");
  refuse(new Uint8Array(1), TypeError, "as a tuple");
  refuse([1, [2, undefined]], TypeError, "Cannot use undefined as the part [1][1] of a tuple: expected null");
  refuse([[1], {}], TypeError, "an instance of Object as the part [1]");
  refuse([() => 1], TypeError, "a function as the part [0]");
  refuse([Symbol("a")], TypeError, "a symbol as the part [0]");
  refuse([Object.create(Date.prototype)], TypeError, "the part [0]");
  refuse([new Uint16Array(1)], TypeError, "Uint16Array as the part [0]");
  refuse([new Date(Number.NaN)], RangeError, "the part [0] of a tuple: it is an invalid date");
  refuse(["ok", "\ud800"], TypeError, "the part [1] of a tuple: its text holds a lone surrogate");
  refuse([`${"x".repeat(60)}\udc00`], TypeError, "lone surrogate");
  refuse(["a".repeat(64_999)], RangeError, "65001 bytes");
  refuse(["a".repeat(1e6)], RangeError, "1000000 bytes or more as a key: the limit is 65000");
  refuse([new Uint8Array(1e6)], RangeError, "limit");
  refuse([2n ** 600_000n], RangeError, "limit");
  refuse(new Array(1e6).fill(null), RangeError, "limit");
  const circle: unknown[] = [];
  circle.push(circle);
  refuse(circle, RangeError, "100 levels");
});

test("a part that encodes another tuple as it is read does not disturb", () => {
  const tuple: TuplePart[] = ["a", "b", "c"];
  Object.defineProperty(tuple, 1, { get: () => hex(encodeTuple(["in", "between"])), enumerable: true });
  assert.deepEqual(decodeTuple(encodeTuple(tuple)), ["a", hex(encodeTuple(["in", "between"])), "c"]);
});

test("tuples of a hundred levels are fine", () => {
  let tuple: Tuple = [];
  for (let i = 1; i < 100; i++) tuple = [tuple];
  assert.deepEqual(decodeTuple(encodeTuple(tuple)), tuple);
});

test("bytes that are no tuple are refused", () => {
  const wrong: [string, string][] = [
    ["02 61", "bytes or text have no end, at byte 1"],
    ["02 61 00 ff", "no end"],
    ["01", "no end"],
    ["01 00 ff", "no end"],
    ["02 ff 00", "text is not UTF-8"],
    ["02 eda080 00", "text is not UTF-8"],
    ["05", "ends within a part"],
    ["05 00 ff", "ends within a part"],
    ["05 02 61 00", "ends within a part"],
    ["21 bff0", "ends within a part"],
    ["21 7fffffffffffffff", "-0"],
    ["21 fff8000000000001", "another NaN"],
    ["21 0007ffffffffffff", "another NaN"],
    ["40 bff8000000000000", "1.5 is not the time of a date"],
    ["40 fff0000000000000", "Infinity is not the time of a date"],
    ["40 c3400000 00000000", "is not the time of a date"],
    ["15", "ends within a part"],
    ["15 00", "more bytes than it needs"],
    ["16 00ff", "more bytes than it needs"],
    ["13 ff", "more bytes than it needs"],
    ["1d 08 0100000000000000", "more bytes than it needs"],
    ["1d 09 000000000000000001", "more bytes than it needs"],
    ["1d 09 01", "ends within a part"],
    [`1e 0001 01`, "more bytes than it needs"],
    ["1e ffff 01", "ends within a part"],
    ["1e", "ends within a part"],
    ["20 bf800000", "the type 20 is not known"],
    ["30", "the type 30 is not known"],
    ["03", "the type 03 is not known"],
    ["ff", "the type FF is not known"],
    ["1f", "the type 1F is not known"],
    ["05".repeat(60_000), "more than 100 levels deep"],
  ];
  for (const [digits, message] of wrong) {
    assert.throws(
      () => decodeTuple(bytesOf(digits)),
      (error) => error instanceof SyntaxError && error.message.includes(message),
      digits.slice(0, 60),
    );
  }
  assert.throws(() => decodeTuple("a" as never), misuse(TypeError, "expected a Uint8Array"));
});

test("damaged bytes are refused, or are what the tuple that they give has", () => {
  fc.assert(
    fc.property(tuples, fc.nat(), fc.nat(255), (tuple, at, byte) => {
      const bytes = encodeTuple(tuple);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      let read: TuplePart[];
      try {
        read = decodeTuple(bytes);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
        return;
      }
      assert.deepEqual(encodeTuple(read), bytes);
    }),
    RUNS,
  );
});
