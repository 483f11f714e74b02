/**
 * Takes the place of `node:assert/strict` in a browser: what the suite of stores uses of it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";

type Expected = RegExp | object | ((error: never) => unknown);

function same(actual: unknown, expected: unknown, message?: string): void {
  if (Object.is(actual, expected)) return;
  throw new Error(message ?? `expected ${String(expected)}, got ${String(actual)}`);
}

/** Checks a thrown value as Node does: with a class, a function, an expression, or properties. */
function check(error: unknown, expected: Expected | undefined): void {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    assertMatch(String(error), expected);
  } else if (typeof expected === "function") {
    const isClass = expected === Error || expected.prototype instanceof Error;
    const isIt = isClass ? error instanceof (expected as unknown as typeof Error) : expected(error as never) === true;
    assert(isIt, `another error: ${String(error)}`);
  } else {
    const names = expected instanceof Error ? ["name", "message"] : Object.keys(expected);
    const found = names.map((name) => [name, (error as Record<string, unknown>)[name]]);
    const wanted = names.map((name) => [name, (expected as Record<string, unknown>)[name]]);
    assertEquals(Object.fromEntries(found), Object.fromEntries(wanted));
  }
}

function missing(): never {
  throw new Error("expected an error, and there was none");
}

const nothing = Symbol("nothing");

/** What the suite uses. */
interface Strict {
  (value: unknown, message?: string): void;
  readonly equal: (actual: unknown, expected: unknown, message?: string) => void;
  readonly deepEqual: (actual: unknown, expected: unknown, message?: string) => void;
  readonly ok: (value: unknown, message?: string) => void;
  readonly match: (actual: string, expected: RegExp) => void;
  readonly fail: (message?: string) => never;
  readonly throws: (call: () => unknown, expected?: Expected) => void;
  readonly rejects: (call: PromiseLike<unknown> | (() => PromiseLike<unknown>), expected?: Expected) => Promise<void>;
}

const strict: Strict = Object.assign((value: unknown, message?: string) => assert(value, message), {
  equal: same,
  deepEqual: (actual: unknown, expected: unknown, message?: string) => assertEquals(actual, expected, message),
  ok: (value: unknown, message?: string) => assert(value, message),
  match: (actual: string, expected: RegExp) => assertMatch(actual, expected),
  fail: (message?: string): never => {
    throw new Error(message ?? "failed");
  },
  throws: (call: () => unknown, expected?: Expected): void => {
    let error: unknown = nothing;
    try {
      call();
    } catch (thrown) {
      error = thrown;
    }
    if (error === nothing) missing();
    check(error, expected);
  },
  rejects: async (call: PromiseLike<unknown> | (() => PromiseLike<unknown>), expected?: Expected): Promise<void> => {
    const error = await (typeof call === "function" ? call() : call).then(
      () => nothing,
      (thrown: unknown) => thrown,
    );
    if (error === nothing) missing();
    check(error, expected);
  },
});

export default strict;
