/**
 * The errors that a store over etcd reports.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { messageOf } from "../../realm.ts";
import { EtcdFailure } from "./failure.ts";

/** The error of a call that failed. `action` says what could not be done, such as "read". */
export function storeError(failure: unknown, action: string): unknown {
  if (!(failure instanceof EtcdFailure)) return failure;
  const { message } = failure;
  const options = { cause: failure };
  switch (failure.kind) {
    case "maybe":
    case "busy":
      return new StoreError("STORE_UNREACHABLE", `Cannot ${action}: etcd did not answer in time: ${message}`, options);
    case "denied":
    case "token":
      return new StoreError("ACCESS_DENIED", `Cannot ${action}: etcd refuses the user: ${message}`, options);
    case "compacted":
      return new StoreError("VERSION_GONE", `Cannot ${action}: etcd has compacted that version: ${message}`, options);
    case "full":
      return new StoreError(
        "IO_ERROR",
        `Cannot ${action}: etcd is full (${message}). Delete entries, compact and defragment it, and disarm its alarm`,
        options,
      );
    case "tooLarge":
      return new StoreError("IO_ERROR", `Cannot ${action}: more than etcd takes at once: ${message}`, options);
    default:
      return new StoreError("IO_ERROR", `Cannot ${action}: ${message}`, options);
  }
}

/** Runs a call, and reports its failure as the error of the store. */
export async function reported<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (failure) {
    throw storeError(failure, action);
  }
}

/** The error of a commit that may be done, or may be done later. */
export function outcomeUnknown(cause: unknown): StoreError {
  const what = "the writes are done or not, or will be done within five minutes";
  const message = `Cannot tell whether a commit was done: ${what}. etcd: ${messageOf(cause)}`;
  return new StoreError("OUTCOME_UNKNOWN", message, { cause });
}

/** What etcd answers after a commit. The commit is done: a failure must not say that nothing was. */
export async function afterCommit<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw outcomeUnknown(cause);
  });
}
