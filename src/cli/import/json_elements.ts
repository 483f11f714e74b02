/**
 * Splits a JSON array into the texts of its elements, without holding more than one of them.
 *
 * @module
 */

import { UsageError } from "../exit_codes.ts";
import { MAX_VALUE_BYTES } from "../limits.ts";

/** The longest text of one element, in UTF-16 code units. */
export const MAX_ELEMENT: number = 2 * MAX_VALUE_BYTES;

/** The text of an element, without spaces between its tokens. */
export interface Element {
  readonly text: string;
  /** The line on which it begins. */
  readonly line: number;
  /** Its number, from 1. */
  readonly row: number;
}

// Runs of characters that need no look one by one, so that large elements are read fast.
const PLAIN = /[^"[\]{},\s]+/y;
const IN_STRING = /[^"\\\n]+/y;
/** JSON knows no other spaces. */
const SPACE = /[ \t\r\n]/;

/**
 * The elements of a JSON array that comes in pieces. The array may be divided anywhere. Throws `UsageError` if this is
 * no array, or it has no end. What is between commas may still be no JSON.
 */
export class ElementSplitter {
  #line = 1;
  #state: "before" | "first" | "element" | "after" = "before";
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  #texts: string[] = [];
  #length = 0;
  #elementLine = 1;
  #row = 1;
  /** Whether a space came after the newest text. */
  #space = false;

  /** Reads a piece: the elements that end in it, also those before an error. */
  *read(piece: string): Generator<Element, void> {
    for (let at = 0; at < piece.length; ) {
      const run = this.#runAt(piece, at);
      if (run > at) {
        this.#add(piece.slice(at, run));
        at = run;
        continue;
      }
      const character = piece[at] as string;
      at += 1;
      if (character === "\n") this.#line += 1;
      const element = this.#isString ? this.#inString(character) : this.#outside(character);
      if (element) yield element;
    }
  }

  /** Throws `UsageError` unless the array has ended. */
  end(): void {
    if (this.#state === "after") return;
    if (this.#state === "before") throw new UsageError("Wrong JSON: expected an array, got nothing");
    throw this.#wrong("expected ] at the end of the array");
  }

  /** The end of a run of characters of the same kind, within an element. */
  #runAt(piece: string, at: number): number {
    if (this.#isEscaped || (this.#state !== "element" && this.#state !== "first")) return at;
    const run = this.#isString ? IN_STRING : PLAIN;
    run.lastIndex = at;
    return run.test(piece) ? run.lastIndex : at;
  }

  #inString(character: string): undefined {
    this.#add(character);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === "\\") this.#isEscaped = true;
    else if (character === '"') this.#isString = false;
  }

  #outside(character: string): Element | undefined {
    if (SPACE.test(character)) {
      if (this.#length > 0) this.#space = true;
      return undefined;
    }
    if (this.#state === "before") {
      if (character === "\uFEFF") return undefined;
      if (character !== "[") throw this.#wrong(`expected an array, got ${character}`);
      this.#state = "first";
      return undefined;
    }
    if (this.#state === "after") throw this.#wrong(`expected nothing after the array, got ${character}`);
    if (this.#depth === 0 && (character === "," || character === "]")) return this.#endElement(character);
    if (character === '"') this.#isString = true;
    else if (character === "[" || character === "{") this.#depth += 1;
    else if (character === "]" || character === "}") this.#depth -= 1;
    if (this.#depth < 0) throw this.#wrong(`expected , or ], got ${character}`);
    this.#add(character);
    return undefined;
  }

  #add(text: string): void {
    if (this.#length === 0) {
      this.#elementLine = this.#line;
      this.#state = "element";
      // Two numbers without a comma are wrong, and must stay wrong.
    } else if (this.#space && /[\w.+-]$/.test(this.#texts.at(-1) ?? "") && /^[\w.+-]/.test(text)) {
      this.#texts.push(" ");
    }
    this.#space = false;
    this.#length += text.length;
    if (this.#length > MAX_ELEMENT) {
      throw this.#wrong(`expected an element of at most ${MAX_ELEMENT} characters`);
    }
    this.#texts.push(text);
  }

  #endElement(character: string): Element | undefined {
    const isEmptyArray = this.#state === "first" && character === "]" && this.#length === 0;
    if (this.#length === 0 && !isEmptyArray) throw this.#wrong(`expected an element, got ${character}`);
    const element = { text: this.#texts.join(""), line: this.#elementLine, row: this.#row };
    this.#row += 1;
    [this.#texts, this.#length, this.#space] = [[], 0, false];
    this.#state = character === "]" ? "after" : "element";
    return isEmptyArray ? undefined : element;
  }

  #wrong(what: string): UsageError {
    const isInside = this.#state === "first" || this.#state === "element";
    return new UsageError(`Line ${this.#line}${isInside ? `, row ${this.#row}` : ""}: Wrong JSON: ${what}`);
  }
}
