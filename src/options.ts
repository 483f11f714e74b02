/**
 * Reads the objects that callers pass: options, ranges, operations. It refuses unknown names: a misspelt `ttl` would
 * make a value live for ever.
 *
 * @module
 */

import { describe } from "./encoding.ts";
import { classOf } from "./realm.ts";

/** Every name of `T`, including optional ones. The compiler refuses a list that lacks one. */
export type NamesOf<T> = { readonly [Name in keyof Required<T>]: true };

/** How messages describe an object. */
export interface Wording {
  /** The word for one of its properties. Default: `"option"`. */
  readonly property?: string | undefined;
  /** The word for the object. Default: `"options"`. */
  readonly object?: string | undefined;
  /** An example of what is expected instead. */
  readonly example: string;
}

/** The names that one kind of object may have. */
export class OptionNames<T extends object> {
  readonly #names: ReadonlySet<string>;
  readonly #property: string;
  readonly #object: string;
  readonly #example: string;
  readonly #none: T = Object.freeze({}) as T;

  constructor(names: NamesOf<T>, { property = "option", object = "options", example }: Wording) {
    this.#names = new Set(Object.keys(names));
    this.#property = property;
    this.#object = object;
    this.#example = example;
  }

  /** The given object; an empty one for `undefined`. Throws `TypeError` if it is no object or has an unknown name. */
  read(given: T | undefined): T {
    if (given === undefined) return this.#none;
    if (typeof given !== "object" || given === null || !isPlain(given)) {
      const what = typeof given === "object" && given !== null ? `a ${classOf(given)}` : describe(given);
      throw new TypeError(`Cannot use ${what} as ${this.#object}: expected an object such as ${this.#example}`);
    }
    // Inherited names count, because luge reads them, too.
    for (const name in given) if (!this.#names.has(name)) this.#refuse(name, given);
    return given;
  }

  #refuse(name: string, given: T): void {
    // A property that somebody added to every object is not the caller's mistake.
    if (!Object.hasOwn(given, name) && name in Object.prototype) return;
    const nearest = nearestOf(name, this.#names);
    const hint = nearest === undefined ? `expected ${listOf(this.#names)}` : `did you mean '${nearest}'?`;
    throw new TypeError(`Unknown ${this.#property} '${name}': ${hint}`);
  }
}

/**
 * Whether an object can hold options: a literal of any realm, or an instance of a class with named properties. A
 * promise, a map or an array cannot: a forgotten `await` would mean "everything".
 */
function isPlain(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return true;
  if (Array.isArray(given) || Symbol.iterator in given || "then" in given) return false;
  for (const _ in given) return true;
  return false;
}

/** Throws `TypeError` unless it is an array: `checkArray(keys, "keys", "keys")`. */
export function checkArray(given: unknown, use: string, parts: string): asserts given is readonly unknown[] {
  if (!Array.isArray(given))
    throw new TypeError(`Cannot use ${describe(given)} as ${use}: expected an array of ${parts}`);
}

/** Throws `TypeError` unless it is a function: `checkFunction(update, "update with")`. */
export function checkFunction(given: unknown, use: string): void {
  if (typeof given !== "function") throw new TypeError(`Cannot ${use} ${describe(given)}: expected a function`);
}

/** The options of a call that may take long. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** The names of {@linkcode Abortable}. */
export const LONG_OPTIONS: OptionNames<Abortable> = new OptionNames<Abortable>(
  { signal: true },
  { example: "{ signal }" },
);

/** The signal of a call that may take long; throws `TypeError` for wrong options. */
export function signalOf(options: Abortable | undefined): AbortSignal | undefined {
  return checkSignal(LONG_OPTIONS.read(options).signal);
}

/** The same signal. Throws `TypeError` if it is no signal. A signal of another realm or library is accepted. */
export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const { throwIfAborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof throwIfAborted === "function" && typeof addEventListener === "function") return signal;
  return wrongType("signal", signal, "an AbortSignal");
}

/** Throws `TypeError` or `RangeError` unless an option is an integer from `least` to `most`. */
export function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (typeof value !== "number") wrongType(name, value, "a number");
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`Wrong option '${name}': expected an integer from ${least} to ${most}, got ${value}`);
}

/** Throws `TypeError` or `RangeError` unless `version` is `undefined` or a possible version. */
export function checkExpectedVersion(version: unknown): asserts version is number | undefined {
  if (version === undefined) return;
  const expected = "Wrong expected version: expected the number of a version, or undefined for no value";
  if (typeof version !== "number") throw new TypeError(`${expected}, got ${describe(version)}`);
  if (!Number.isSafeInteger(version) || version < 0) throw new RangeError(`${expected}, got ${version}`);
}

/**
 * Refuses a second argument of a call that has one parameter. The caller most likely meant it as options, and
 * JavaScript would ignore it silently. The caller passes its `arguments`: a parameter would be part of the public
 * interface.
 */
export function refuseSecond(given: ArrayLike<unknown>, expected: string): void {
  if (given.length > 1)
    throw new TypeError(`Cannot take a second argument, ${describe(given[1])}: expected ${expected}`);
}

/** Throws `TypeError` for an option of a wrong type. */
export function wrongType(name: string, value: unknown, expected: string, property = "option"): never {
  throw new TypeError(`Wrong ${property} '${name}': expected ${expected}, got ${describe(value)}`);
}

/** The known name that the caller probably meant; `undefined` if none is similar. */
function nearestOf(name: string, names: Iterable<string>): string | undefined {
  let [nearest, least]: [string | undefined, number] = [undefined, Math.max(2, name.length / 2)];
  for (const known of names) {
    const edits = editsBetween(name.toLowerCase(), known.toLowerCase());
    if (edits > least || (edits === least && nearest !== undefined)) continue;
    [nearest, least] = [known, edits];
  }
  return nearest;
}

/** How many characters must be added, removed or replaced to turn one name into the other (Levenshtein distance). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function listOf(names: ReadonlySet<string>): string {
  return names.size === 1 ? [...names].join("") : `one of ${[...names].join(", ")}`;
}
