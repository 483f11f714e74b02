/**
 * Ranges of keys, searchable by a key within them. It is an interval tree over a treap: the tree is ordered by the
 * lower ends of the ranges, and each node knows the highest upper end of the nodes below it.
 *
 * @module
 */

import type { ByteRange } from "../byte_range.ts";
import { compareBytes, NOTHING, withZero } from "../bytes.ts";

/** One range, and the value that belongs to it. */
export class Interval<T> {
  readonly holder: T;
  /** The lower end, which is in the range. */
  readonly lower: Uint8Array;
  /** The upper end, which is not in the range; `undefined` for no end. */
  readonly upper: Uint8Array | undefined;
  /** Distinguishes ranges with the same lower end. */
  serial = 0;
  /** Higher than the priorities of all nodes below. Priorities keep the tree flat. */
  priority = 0;
  /** The highest upper end of this node and of all nodes below. */
  reach: Uint8Array | undefined;
  left: Interval<T> | undefined;
  right: Interval<T> | undefined;

  constructor({ lower = NOTHING, lowerIncluded = true, upper, upperIncluded = false }: ByteRange, holder: T) {
    this.holder = holder;
    this.lower = lowerIncluded ? lower : withZero(lower);
    this.upper = upper && (upperIncluded ? withZero(upper) : upper);
  }
}

/** A set of intervals. A call takes time in the logarithm of their number, plus one step for each interval found. */
export class Intervals<T> {
  #root: Interval<T> | undefined;
  #serial = 0;

  /** Adds an interval that is in no set. */
  add(interval: Interval<T>): void {
    this.#serial += 1;
    interval.serial = this.#serial;
    interval.priority = scattered(this.#serial);
    this.#root = added(this.#root, interval);
  }

  /** Removes an interval that is in this set. */
  delete(interval: Interval<T>): void {
    this.#root = removed(this.#root, interval);
    interval.left = interval.right = undefined;
  }

  /** Whether the set is empty. */
  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  /** The smallest range that includes all intervals. Without any: all keys. */
  get hull(): ByteRange {
    let first = this.#root;
    while (first?.left) first = first.left;
    return { lower: first?.lower, upper: this.#root?.reach };
  }

  /** The intervals that include a key; without a key, all intervals. */
  found(key: Uint8Array | undefined): Interval<T>[] {
    const found: Interval<T>[] = [];
    if (this.#root) find(this.#root, key, found);
    return found;
  }
}

/** A set of ranges. */
export function intervalsOf(ranges: readonly ByteRange[]): Intervals<ByteRange> {
  const intervals = new Intervals<ByteRange>();
  for (const range of ranges) intervals.add(new Interval(range, range));
  return intervals;
}

function find<T>(node: Interval<T>, key: Uint8Array | undefined, found: Interval<T>[]): void {
  if (key && !isBelow(key, node.reach)) return;
  if (node.left) find(node.left, key, found);
  if (key && compareBytes(node.lower, key) > 0) return;
  if (!key || isBelow(key, node.upper)) found.push(node);
  if (node.right) find(node.right, key, found);
}

function added<T>(root: Interval<T> | undefined, node: Interval<T>): Interval<T> {
  if (!root || node.priority > root.priority) {
    [node.left, node.right] = split(root, node);
    return measured(node);
  }
  if (isBefore(node, root)) root.left = added(root.left, node);
  else root.right = added(root.right, node);
  return measured(root);
}

function removed<T>(root: Interval<T> | undefined, node: Interval<T>): Interval<T> | undefined {
  if (!root) return undefined;
  if (root === node) return merged(root.left, root.right);
  if (isBefore(node, root)) root.left = removed(root.left, node);
  else root.right = removed(root.right, node);
  return measured(root);
}

/** The nodes before `at`, and the nodes after it. */
function split<T>(root: Interval<T> | undefined, at: Interval<T>): [Interval<T> | undefined, Interval<T> | undefined] {
  if (!root) return [undefined, undefined];
  const isLeft = isBefore(root, at);
  const [before, behind] = split(isLeft ? root.right : root.left, at);
  if (isLeft) root.right = before;
  else root.left = behind;
  measured(root);
  return isLeft ? [root, behind] : [before, root];
}

/** Joins two trees. All nodes of the first come before those of the second. */
function merged<T>(first: Interval<T> | undefined, second: Interval<T> | undefined): Interval<T> | undefined {
  if (!first || !second) return first ?? second;
  if (first.priority > second.priority) {
    first.right = merged(first.right, second);
    return measured(first);
  }
  second.left = merged(first, second.left);
  return measured(second);
}

function measured<T>(node: Interval<T>): Interval<T> {
  let reach = node.upper;
  for (const below of [node.left, node.right]) {
    if (below && reach && isBelow(reach, below.reach)) reach = below.reach;
  }
  node.reach = reach;
  return node;
}

function isBefore<T>(a: Interval<T>, b: Interval<T>): boolean {
  const order = compareBytes(a.lower, b.lower);
  return order < 0 || (order === 0 && a.serial < b.serial);
}

function isBelow(key: Uint8Array, upper: Uint8Array | undefined): boolean {
  return upper === undefined || compareBytes(key, upper) < 0;
}

/** A number that looks random, but is the same in every run. */
function scattered(serial: number): number {
  const mixed = Math.imul(serial ^ (serial >>> 16), 0x45d9f3b);
  return Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0;
}
