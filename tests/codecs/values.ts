/**
 * Values that a clone must give back, the same on every runtime: also those whose bytes are golden.
 *
 * @module
 */

function circle(): unknown {
  const node: Record<string, unknown> = { name: "a" };
  const map = new Map<unknown, unknown>([[node, "key"]]);
  map.set("self", map);
  node.self = node;
  node.list = [node, map, new Set([node])];
  return node;
}

function shared(): unknown {
  const [date, list, bytes] = [new Date(5), [1], Uint8Array.of(1, 2)];
  return { first: [date, list, bytes], second: { date, list, bytes } };
}

function holes(): unknown[] {
  const list: unknown[] = [1, undefined, 3];
  delete list[0];
  list.length = 5;
  return list;
}

function sparse(): unknown[] {
  const list: unknown[] = [];
  list[100_000] = "far";
  return list;
}

function named(): unknown[] {
  return Object.assign(["a"], { name: "list", 4294967295: "no index", "01": "no index either" });
}

/** An error with a stack that every runtime has. */
function error<E extends Error>(made: E, stack: string): E {
  Object.defineProperty(made, "stack", { value: stack, configurable: true, writable: true });
  return made;
}

function failure(): Error {
  const cause = error(new RangeError("too deep"), "at the bottom");
  return error(new TypeError("not at all", { cause }), "TypeError: not at all\n    at some place");
}

function custom(): Error {
  class CustomError extends RangeError {}
  Object.defineProperty(CustomError.prototype, "name", { value: "CustomError" });
  return error(new CustomError("mine"), "a stack");
}

const prototype = JSON.parse('{ "__proto__": { "polluted": true }, "constructor": 1, "": 2, "ä": 3 }');

/** The compiler refuses flags that are younger than its target. */
function expression(source: string, flags: string): RegExp {
  return new RegExp(source, flags);
}

/** By name. */
export const VALUES: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  booleans: [true, false],
  integers: [0, 1, 127, 128, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -128, -(2 ** 31), 1 - 2 ** 53],
  doubles: [-0, 0.5, -1.5, 2 ** 53, 1e308, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  bigints: [0n, 1n, -1n, 255n, 256n, -(2n ** 64n), 2n ** 2000n],
  text: ["", "a", "ä€😀", "x".repeat(63), "x".repeat(64), "ä".repeat(40), "\ufeffbom", "\0", "😀".repeat(100)],
  surrogates: ["\ud800", "a\udc00b", { "\udfff": 1 }],
  dates: [new Date(0), new Date(-1), new Date(8.64e15), new Date(Number.NaN)],
  expressions: [/a+/giu, /[/]\n/y, /(?:)/, expression("\\p{L}", "v")],
  boxes: [Object(true), Object(-0), Object("ä"), Object(7n)],
  object: {
    b: 1,
    a: {
      b: [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
    },
    7: "number",
  },
  prototype,
  array: [[], [[]], [1, "two", null]],
  holes: holes(),
  sparse: sparse(),
  named: named(),
  map: new Map<unknown, unknown>([
    ["a", 1],
    [{ a: 1 }, new Map()],
    [Number.NaN, undefined],
    [-0, 0],
  ]),
  set: new Set<unknown>(["a", 1, new Set([[]]), undefined]),
  buffers: [new ArrayBuffer(0), Uint8Array.of(1, 2, 3).buffer, new DataView(Uint8Array.of(9, 8, 7).buffer, 1)],
  views: [
    Int8Array.of(-1),
    Uint8Array.of(255),
    Uint8ClampedArray.of(300),
    Int16Array.of(-2),
    Uint16Array.of(2),
    Int32Array.of(-3),
    Uint32Array.of(3),
    Float32Array.of(1.5),
    Float64Array.of(-0, 0.1),
    BigInt64Array.of(-1n),
    BigUint64Array.of(2n ** 64n - 1n),
    new Uint16Array(Uint8Array.of(0, 0, 1, 0, 0, 0).buffer, 2, 1),
  ],
  errors: [failure(), custom(), error(new Error(), ""), error(new AggregateError([failure()], "many"), "s")],
  circle: circle(),
  shared: shared(),
};
