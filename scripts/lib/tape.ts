/**
 * Runs tests that are written for tape without it: in `node:test`, on all runtimes, or in a script.
 *
 * @module
 */

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

/** A test for tape. */
export type TapeTest = (t: Tape) => unknown;

/** How long a test may take from its last statement to its last planned assertion. */
const LONGEST_WAIT_MS = 60_000;

/** The assertions that abstract-level's suite uses. */
export class Tape {
  #planned: number | undefined;
  #count = 0;
  #hasEnded = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  plan(count: number): void {
    this.#planned = count;
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  is(actual: unknown, expected: unknown, message?: string): void {
    this.#counted(() => assert.equal(actual, expected, ...given(message)));
  }

  isNot(actual: unknown, expected: unknown, message?: string): void {
    this.#counted(() => assert.notEqual(actual, expected, ...given(message)));
  }

  same(actual: unknown, expected: unknown, message?: string): void {
    this.#counted(() => assert.deepEqual(actual, expected, ...given(message)));
  }

  ok(actual: unknown, message?: string): void {
    this.#counted(() => assert.ok(actual, ...given(message)));
  }

  throws(call: () => unknown, expected: (error: Error) => boolean): void {
    this.#counted(() => assert.throws(call, expected));
  }

  doesNotThrow(call: () => unknown): void {
    this.#counted(call);
  }

  pass(): void {
    this.#counted(() => {});
  }

  fail(reason: unknown): void {
    this.#counted(() => assert.fail(reason instanceof Error ? reason : String(reason)));
  }

  /** Runs a test to its end, as tape does: to its promise, to `end`, or to the last planned assertion. */
  async run(test: TapeTest): Promise<void> {
    const returned = test(this);
    const isAsync = returned instanceof Promise;
    await returned;
    const isOver = () => this.#hasEnded || (this.#planned === undefined ? isAsync : this.#count >= this.#planned);
    if (!isOver()) await this.#wait(isOver);
    if (this.#planned !== undefined) assert.equal(this.#count, this.#planned, "assertions");
    if (this.#failure) throw this.#failure;
  }

  /** The first failure counts, also if the test catches it. */
  #counted(check: () => void): void {
    this.#count += 1;
    try {
      check();
    } catch (error) {
      this.#failure ??= error as Error;
    }
    this.#wake();
  }

  async #wait(isOver: () => boolean): Promise<void> {
    const tooLate = new AbortController();
    const late = setTimeout(LONGEST_WAIT_MS, undefined, tooLate).then(() => assert.fail("the test does not end"));
    late.catch(() => {});
    while (!isOver()) await Promise.race([late, new Promise<void>((resolve) => (this.#wake = resolve))]);
    tooLate.abort();
  }
}

/** Runtimes differ in a message that is `undefined`. */
function given(message: string | undefined): [] | [Error] {
  return message === undefined ? [] : [new assert.AssertionError({ message })];
}
