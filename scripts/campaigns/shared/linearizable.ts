/**
 * Checks whether a history of a register is linearizable: whether each operation can have happened at one moment
 * between its start and its end.
 *
 * The search is that of J. M. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (1993), with the memory of
 * what was tried of G. Lowe, "Testing for Linearizability" (2017). Since each value is written once, a value is replaced
 * only after all reads of it: otherwise a write that took seconds would be tried at each moment of them.
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
  /** How many reads of a value have not happened. */
  const unread = new Map<string, number>();
  for (const operation of operations) if (isPlainRead(operation)) countRead(operation.value, 1);
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
      const isFitting = operation.fits?.(present) ?? (isWrite || operation.value === present);
      const fits = isFitting && !(isWrite && present !== undefined && unread.get(present));
      if (i >= start && fits && (client === undefined || !writing.has(client))) return i;
      earliestEnd = Math.min(earliestEnd, endMs);
      // A write that may never have happened holds up nothing.
      if (isWrite && endMs !== Number.POSITIVE_INFINITY) writing.add(client);
    }
    return undefined;
  }

  function choose(index: number): void {
    const operation = operations[index] as RegisterOperation;
    const { value, isWrite, endMs } = operation;
    if (isPlainRead(operation)) countRead(value, -1);
    chosen.push({ index, before: present });
    isDone[index] = true;
    if (isWrite) present = value;
    if (endMs !== Number.POSITIVE_INFINITY) left -= 1;
    while (isDone[first]) first += 1;
  }

  function undo(): number {
    const { index, before } = chosen.pop() as { index: number; before: string | undefined };
    const operation = operations[index] as RegisterOperation;
    if (isPlainRead(operation)) countRead(operation.value, 1);
    isDone[index] = false;
    present = before;
    if (operation.endMs !== Number.POSITIVE_INFINITY) left += 1;
    first = Math.min(first, index);
    return index;
  }

  function countRead(value: string | undefined, more: number): void {
    if (value !== undefined) unread.set(value, (unread.get(value) ?? 0) + more);
  }

  /** Which operations have happened, and the value: from there on everything is the same. */
  function stateOf(): string {
    const after: number[] = [];
    for (let i = first; i < operations.length; i++) if (isDone[i]) after.push(i);
    return `${first}:${after.join(",")}:${present}`;
  }
}

/** Whether an operation is a read that has certainly happened, of one value. */
function isPlainRead({ isWrite, fits, endMs }: RegisterOperation): boolean {
  return !isWrite && !fits && endMs !== Number.POSITIVE_INFINITY;
}
