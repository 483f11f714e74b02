/**
 * What the writers of the campaign did, and what a watch saw of it.
 *
 * @module
 */

/** What a writer knows of a write. */
export type Known = "done" | "undone" | "unknown";

/**
 * The writes of one writer, numbered from 1. Each number is written once. If they count, a write adds one to what is there:
 * after one that was not done, the next one has its number.
 */
export class Tally {
  readonly name: string;
  readonly #counts: boolean;
  readonly #known: Known[] = [];
  /** Why a write is known to be so, by its number, if it failed. */
  readonly #reasons: Map<number, string> = new Map();
  /** How often the watch saw each number. */
  readonly #seen: number[] = [];
  #newest = 0;
  readonly faults: string[] = [];

  constructor(name: string, counts = false) {
    this.name = name;
    this.#counts = counts;
  }

  /** The number of the next write. */
  get next(): number {
    return this.#known.length + 1;
  }

  /** How many writes are known to be so. */
  count(known: Known): number {
    return this.#known.filter((each) => each === known).length;
  }

  /** The next write has ended. `reason` is the error of one that failed. */
  note(known: Known, reason?: string): void {
    if (reason !== undefined) this.#reasons.set(this.next, reason);
    this.#known.push(known);
  }

  /** The watch delivered a write. */
  saw(number: number): void {
    this.#seen[number] = (this.#seen[number] ?? 0) + 1;
    if (number <= this.#newest) this.faults.push(`${this.name}: the watch told ${number} after ${this.#newest}`);
    this.#newest = Math.max(this.#newest, number);
  }

  /** The numbers that the watch saw. */
  get seen(): number {
    return this.#seen.filter((times) => times > 0).length;
  }

  /** Compares both. `newest` is the number that the store has at the end. */
  check(newest: number): { readonly lost: number; readonly doubled: number; readonly missed: number } {
    if (this.#counts) return this.#checkCounts(newest);
    let [lost, doubled, missed] = [0, 0, 0];
    for (const [i, known] of this.#known.entries()) {
      const times = this.#seen[i + 1] ?? 0;
      if (known === "done" && times === 0) missed += 1;
      // A write that the client said was not done.
      if (known === "undone" && times > 0) {
        doubled += 1;
        this.faults.push(`${this.name}: ${i + 1} is done, and was reported as not done: ${this.#reasons.get(i + 1)}`);
      }
      if (times > 1) doubled += 1;
    }
    const last = this.#known.lastIndexOf("done") + 1;
    if (newest < last) lost += last - newest;
    if (newest !== this.#newest) missed += 1;
    return { lost, doubled, missed };
  }

  #checkCounts(newest: number): { readonly lost: number; readonly doubled: number; readonly missed: number } {
    const done = this.count("done");
    const lost = Math.max(0, done - newest);
    const doubled = Math.max(0, newest - done - this.count("unknown"));
    if (doubled > 0)
      this.faults.push(
        `${this.name}: more counts than were done; those that failed: ${JSON.stringify([...this.#reasons])}`,
      );
    const missed = newest - this.seen + (newest === this.#newest ? 0 : 1);
    return { lost, doubled: doubled + this.#seen.filter((times) => times > 1).length, missed: Math.max(0, missed) };
  }
}

/** The longest times without any write that was acknowledged, one for each fault. */
export class Gaps {
  #last = performance.now();
  #longest = 0;
  readonly #gaps: number[] = [];

  /** A write that began after the last fault was acknowledged. */
  acknowledged(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }

  /** A fault begins. */
  begin(): void {
    this.#longest = 0;
  }

  /** It is over, and writes go on. */
  end(): void {
    this.#longest = Math.max(this.#longest, performance.now() - this.#last);
    this.#gaps.push(this.#longest);
  }

  /** In milliseconds; 0 without any. */
  get median(): number {
    return [...this.#gaps].sort((a, b) => a - b)[Math.floor(this.#gaps.length / 2)] ?? 0;
  }

  get worst(): number {
    return Math.max(0, ...this.#gaps);
  }
}
