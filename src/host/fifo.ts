/** Slots in front that are empty before they are given back. */
const EMPTY_SLOTS = 1024;

/** A queue whose every call costs O(1), on average, however long it is. */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  /** How many are in it. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** The one that `index` others are in front of. */
  at(index: number): T | undefined {
    return this.#items[this.#first + index];
  }

  /** Appends one. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one out. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (this.length === 0) this.clear();
    else if (this.#first >= EMPTY_SLOTS && this.#first > this.length) this.#compact();
    return item;
  }

  /** Forgets all. */
  clear(): void {
    this.#items = [];
    this.#first = 0;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
