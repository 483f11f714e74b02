/**
 * The part of a long list that is in memory, and where it is on a strip that a browser can scroll.
 *
 * A browser cannot scroll a strip of 10 million rows: it ends at some 30 million pixels. So the strip is shorter than the list.
 * The rows in memory have a place on it, one after the other, so that small steps are exact. A jump goes to the key that
 * is about that far in the range, and puts the rows where the jump went. Where they then do not fit, at the two ends of
 * the range, they are moved, and the strip with them: the reader sees no difference.
 *
 * @module
 */

import type { WireRow, WireRows } from "../wire.ts";

/** The height of a row, in pixels. */
export const ROW: number = 28;
/** The longest strip, in pixels. */
const LONGEST = 8_000_000;
/** How many rows stay in memory. */
const KEPT = 3000;
/** How far ahead rows are fetched, in rows. */
const AHEAD = 150;
/** What is added before the first row if there is no place for more rows, in pixels. */
const ADDED = 100 * ROW;

/** What the window needs next. */
export type Need =
  | { readonly kind: "jump"; readonly part: number }
  | { readonly kind: "after"; readonly key: string }
  | { readonly kind: "before"; readonly key: string };

/** The window. Its methods return by how many pixels the reader's place moved, so that the same rows stay in sight. */
export class ListWindow {
  rows: readonly WireRow[] = [];
  /** Where the first row is on the strip. */
  top = 0;
  /** The length of the strip. */
  height = 0;
  atStart = false;
  atEnd = false;
  /** Whether anything was loaded. */
  isEmpty = true;

  constructor(count: number) {
    this.height = Math.min(Math.max(count, 1) * ROW, LONGEST);
  }

  get bottom(): number {
    return this.top + this.rows.length * ROW;
  }

  /** The rows from one place on the strip to another, with the index of the first. */
  visible(from: number, to: number): { readonly first: number; readonly rows: readonly WireRow[] } {
    const first = Math.max(0, Math.floor((from - this.top) / ROW));
    return { first, rows: this.rows.slice(first, Math.max(first, Math.ceil((to - this.top) / ROW))) };
  }

  /** What a view from `at` with a height needs. */
  need(at: number, height: number): Need | undefined {
    const ahead = AHEAD * ROW;
    const isOutside = this.isEmpty || at > this.bottom + ahead || at + height < this.top - ahead;
    if (isOutside) {
      if (!this.isEmpty && this.atStart && this.atEnd) return undefined;
      const room = this.height - height;
      return { kind: "jump", part: room > 0 ? Math.min(1, Math.max(0, at / room)) : 0 };
    }
    const [first, last] = [this.rows[0], this.rows.at(-1)];
    if (last && !this.atEnd && at + height + ahead > this.bottom) return { kind: "after", key: last.key };
    if (first && !this.atStart && at - ahead < this.top) return { kind: "before", key: first.key };
    return undefined;
  }

  /** Takes rows after a jump. `at` is the place where they begin, or where they end with `isEnd`. */
  jumped({ rows, atEnd }: WireRows, at: number, { isStart, isEnd }: { isStart: boolean; isEnd: boolean }): number {
    this.rows = isEnd ? rows.toReversed() : rows;
    this.isEmpty = false;
    this.atStart = isStart || (isEnd && atEnd);
    this.atEnd = isEnd || atEnd;
    this.top = isEnd ? Math.max(0, this.height - this.rows.length * ROW) : at;
    return this.#fit();
  }

  /** Takes the rows after the last one. */
  appended({ rows, atEnd }: WireRows): number {
    this.rows = [...this.rows, ...rows];
    this.atEnd = atEnd;
    const surplus = this.rows.length - KEPT;
    if (surplus > 0) {
      this.rows = this.rows.slice(surplus);
      this.top += surplus * ROW;
      this.atStart = false;
    }
    return this.#fit();
  }

  /** Takes the rows before the first one, the nearest first. */
  prepended({ rows, atEnd }: WireRows): number {
    this.rows = [...rows.toReversed(), ...this.rows];
    this.top -= rows.length * ROW;
    this.atStart = atEnd;
    if (this.rows.length > KEPT) {
      this.rows = this.rows.slice(0, KEPT);
      this.atEnd = false;
    }
    return this.#fit();
  }

  /** Moves the rows to where they fit, and makes the strip as long as they need. */
  #fit(): number {
    let moved = 0;
    if (this.atStart) moved = 0 - this.top;
    else if (this.top < ROW) moved = ADDED - this.top;
    this.top += moved;
    if (this.atEnd) this.height = this.bottom;
    else this.height = Math.max(this.height + Math.max(0, moved), this.bottom + ADDED);
    return moved;
  }
}
