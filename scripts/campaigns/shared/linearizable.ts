/**
 * Checks whether a history of a register is linearizable: whether each operation can have happened at one moment
 * between its start and its end.
 *
 * The search is that of J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (1993), with the memory of
 * what was tried of G. Lowe, "Testing for Linearizability" (2017).
 *
 * @module
 */

/** An operation on a register whose written values are all different. */
export interface RegisterOperation {
  readonly startMs: number;
  /** `Infinity` if it may never have happened. */
  readonly endMs: number;
  /** What it writes, or what it read; `undefined` for no value. */
  readonly value: string | undefined;
  readonly isWrite: boolean;
  /** Whether it can happen while the register has this value. Default: a write always, a read if it read that. */
  readonly fits?: (present: string | undefined) => boolean;
  /** An operation happens after the writes that the same client began before it. Absent: in any order. */
  readonly client?: number;
}

/** Whether the history is linearizable. The register has no value at first. */
export function isLinearizable(history: readonly RegisterOperation[]): boolean {
  const operations = history.toSorted((a, b) => a.startMs - b.startMs);
  const isDone = new Array<boolean>(operations.length).fill(false);
  const tried = new Set<string>();
  let left = operations.filter(({ endMs }) => endMs !== Number.POSITIVE_INFINITY).length;
  const chosen: { index: number; before: string | undefined }[] = [];
  let present: string | undefined;
  let first = 0;
  let from = 0;
  for (;;) {
    if (left === 0) return true;
    const next = nextOf(from);
    if (next !== undefined) {
      choose(next);
      const state = stateOf();
      if (!tried.has(state)) {
        tried.add(state);
        from = first;
        continue;
      }
      from = undo() + 1;
      continue;
    }
    if (chosen.length === 0) return false;
    from = undo() + 1;
  }

  /** The next operation, from an index on, that may happen now: no other one ended before it started. */
  function nextOf(start: number): number | undefined {
    let earliestEnd = Number.POSITIVE_INFINITY;
    const writing = new Set<number | undefined>();
    for (let i = first; i < operations.length; i++) {
      const operation = operations[i] as RegisterOperation;
      if (isDone[i]) continue;
      if (operation.startMs > earliestEnd) return undefined;
      const { client, isWrite, endMs } = operation;
      const fits = operation.fits?.(present) ?? (isWrite || operation.value === present);
      if (i >= start && fits && (client === undefined || !writing.has(client))) return i;
      earliestEnd = Math.min(earliestEnd, endMs);
      // A write that may never have happened holds up nothing.
      if (isWrite && endMs !== Number.POSITIVE_INFINITY) writing.add(client);
    }
    return undefined;
  }

  function choose(index: number): void {
    const { value, isWrite, endMs } = operations[index] as RegisterOperation;
    chosen.push({ index, before: present });
    isDone[index] = true;
    if (isWrite) present = value;
    if (endMs !== Number.POSITIVE_INFINITY) left -= 1;
    while (isDone[first]) first += 1;
  }

  function undo(): number {
    const { index, before } = chosen.pop() as { index: number; before: string | undefined };
    isDone[index] = false;
    present = before;
    if ((operations[index] as RegisterOperation).endMs !== Number.POSITIVE_INFINITY) left += 1;
    first = Math.min(first, index);
    return index;
  }

  /** Which operations have happened, and the value: from there on everything is the same. */
  function stateOf(): string {
    const after: number[] = [];
    for (let i = first; i < operations.length; i++) if (isDone[i]) after.push(i);
    return `${first}:${after.join(",")}:${present}`;
  }
}
