/**
 * Reads the objects that callers pass: options, ranges, operations. A name that is not known is refused: a misspelt `ttl`
 * would make a value live for ever.
 *
 * @module
 */

import { describe } from "./encoding.ts";

/** Every name of `T`, optional ones included: the compiler refuses a list that lacks one. */
export type NamesOf<T> = { readonly [Name in keyof Required<T>]: true };

/** What messages say of an object. */
export interface Wording {
  /** What one of its properties is. Default: `"option"`. */
  readonly property?: string;
  /** What the object is. Default: `"options"`. */
  readonly object?: string;
  /** What is expected in its place. */
  readonly example: string;
}

/** The names that objects of one kind may have. */
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

  /** The given object, an empty one for `undefined`; throws `TypeError` for what is no object or has a name that is not known. */
  read(given: T | undefined): T {
    if (given === undefined) return this.#none;
    if (typeof given !== "object" || given === null || !isPlain(given)) {
      const what = typeof given === "object" && given !== null ? `a ${classOf(given)}` : describe(given);
      throw new TypeError(`Cannot use ${what} as ${this.#object}: expected an object such as ${this.#example}`);
    }
    // Inherited names count: they are read as well.
    for (const name in given) if (!this.#names.has(name)) this.#refuse(name, given);
    return given;
  }

  #refuse(name: string, given: T): void {
    // What somebody added to every object is not the caller's mistake.
    if (!Object.hasOwn(given, name) && name in Object.prototype) return;
    const nearest = nearestOf(name, this.#names);
    const hint = nearest === undefined ? `expected ${listOf(this.#names)}` : `did you mean '${nearest}'?`;
    throw new TypeError(`Unknown ${this.#property} '${name}': ${hint}`);
  }
}

/**
 * Whether an object is one of options, of whatever realm: a literal, or of a class with names of its own. A promise, a map or an
 * array has none that a caller gave: a forgotten `await` would mean "everything".
 */
function isPlain(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return true;
  if (Array.isArray(given) || Symbol.iterator in given || "then" in given) return false;
  for (const _ in given) return true;
  return false;
}

function classOf(given: object): string {
  return Object.prototype.toString.call(given).slice("[object ".length, -1);
}

/** What a call that may take long takes. */
export interface Abortable {
  readonly signal?: AbortSignal;
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

/** The same signal; throws `TypeError` for what is none. One of another realm or library will do. */
export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  const { throwIfAborted, addEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  if (typeof throwIfAborted === "function" && typeof addEventListener === "function") return signal;
  return wrongType("signal", signal, "an AbortSignal");
}

/** Throws `TypeError` or `RangeError` unless an option is an integer between two others. */
export function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (typeof value !== "number") wrongType(name, value, "a number");
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`Wrong option '${name}': expected an integer from ${least} to ${most}, got ${value}`);
}

/** Throws `TypeError` or `RangeError` for what is neither `undefined` nor can be a version. */
export function checkExpectedVersion(version: unknown): asserts version is number | undefined {
  if (version === undefined) return;
  const expected = "Wrong expected version: expected the number of a version, or undefined for no value";
  if (typeof version !== "number") throw new TypeError(`${expected}, got ${describe(version)}`);
  if (!Number.isSafeInteger(version) || version < 0) throw new RangeError(`${expected}, got ${version}`);
}

/**
 * Refuses a second argument where a call has one parameter. It is most likely options, and would be taken in silence. The caller
 * hands on its `arguments`: a parameter for it would be part of the interface.
 */
export function refuseSecond(given: ArrayLike<unknown>, expected: string): void {
  if (given.length > 1)
    throw new TypeError(`Cannot take a second argument, ${describe(given[1])}: expected ${expected}`);
}

/** Throws `TypeError` for an option of another type. */
export function wrongType(name: string, value: unknown, expected: string, property = "option"): never {
  throw new TypeError(`Wrong ${property} '${name}': expected ${expected}, got ${describe(value)}`);
}

/** The known name that was probably meant; `undefined` when none is near. */
function nearestOf(name: string, names: Iterable<string>): string | undefined {
  let [nearest, least]: [string | undefined, number] = [undefined, Math.max(2, name.length / 2)];
  for (const known of names) {
    const edits = editsBetween(name.toLowerCase(), known.toLowerCase());
    if (edits > least || (edits === least && nearest !== undefined)) continue;
    [nearest, least] = [known, edits];
  }
  return nearest;
}

/** How many characters must be added, removed or replaced to make one of the other: the distance of Levenshtein. */
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
