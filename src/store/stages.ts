/**
 * What `map`, `filter` and `take` do with the entries of a range.
 *
 * @module
 */

/** One of them. */
export type Stage =
  | { readonly map: (entry: unknown) => unknown }
  | { readonly filter: (entry: unknown) => boolean }
  | { readonly take: number };

/** Stands for an entry that is left out. */
export const LEFT_OUT: unique symbol = Symbol("left out");

/** The stages of one iterator. */
export class Stages {
  readonly #stages: readonly Stage[];
  /** How many entries each `take` still lets through. */
  readonly #left: number[];
  /** Whether no further entry comes. */
  isOver: boolean;

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
    this.#left = stages.map((stage) => ("take" in stage ? stage.take : 1));
    this.isOver = this.#left.includes(0);
  }

  /** What comes of an entry: itself, another value, or {@linkcode LEFT_OUT}. */
  of(entry: unknown): unknown {
    let result = entry;
    for (const [i, stage] of this.#stages.entries()) {
      if ("map" in stage) result = stage.map(result);
      else if ("take" in stage) this.#count(i);
      else if (!stage.filter(result)) return LEFT_OUT;
    }
    return result;
  }

  #count(index: number): void {
    const left = (this.#left[index] ?? 0) - 1;
    this.#left[index] = left;
    if (left === 0) this.isOver = true;
  }
}
