/**
 * Operations of a part of a store with whole keys, as calls have them.
 *
 * @module
 */

import type { BatchOperation, CommitOptions } from "../api/writes.ts";
import type { KeySpace } from "../key_space.ts";
import { checkArray } from "../options.ts";
import { toChecks } from "../store/batches.ts";
import { readCommitOptions } from "../store/write_options.ts";

/** The operations of a batch. Throws `TypeError` or `RangeError` for a wrong key. */
export function wholeKeys(space: KeySpace, operations: readonly BatchOperation[]): BatchOperation[] {
  checkArray(operations, "a batch", "operations");
  return operations.map((operation: BatchOperation) =>
    operation?.key === undefined ? operation : { ...operation, key: space.encode(operation.key) },
  );
}

/** The arguments of a commit. Throws `TypeError` or `RangeError` for a wrong key or check. */
export function wholeCommit(
  space: KeySpace,
  operations: readonly BatchOperation[],
  options: CommitOptions | undefined,
): [BatchOperation[], CommitOptions] {
  const { checks, ...rest } = readCommitOptions(options);
  return [wholeKeys(space, operations), checks === undefined ? rest : { ...rest, checks: toChecks(checks, space) }];
}
