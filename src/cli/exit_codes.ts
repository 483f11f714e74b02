/**
 * The exit codes of the command line, and which error has which code.
 *
 * @module
 */

import { StoreError } from "../../mod.ts";

/** Every exit code. The help and docs/guide/20-command-line.md list them. */
export const ExitCode = {
  done: 0,
  notFound: 1,
  usage: 2,
  failed: 3,
  locked: 4,
  damaged: 5,
  defect: 70,
  interrupted: 130,
} as const;

/** One of the values of {@linkcode ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The table of exit codes, as the help shows it. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [ExitCode.done, "success (also when the reader closes the pipe)"],
  [ExitCode.notFound, "the key is not there"],
  [ExitCode.usage, "wrong arguments or wrong input: the message names the value and what was expected"],
  [ExitCode.failed, "the command failed: the message says why"],
  [ExitCode.locked, "another process has the store open"],
  [ExitCode.damaged, "the store or the backup is damaged"],
  [ExitCode.defect, "a defect of luge: please report it"],
  [ExitCode.interrupted, "interrupted; no file is half written"],
];

/** Wrong arguments or wrong input. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "USAGE";
}

/** The key does not exist. */
export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
  readonly code = "NOT_FOUND";
}

/** The command failed although the arguments are correct. */
export class FailedError extends Error {
  override readonly name = "FailedError";
  readonly code = "FAILED";
}

/** Runs a call on the user's input. Its `TypeError` or `RangeError` means that the input is wrong. */
export function checked<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** As {@linkcode checked}, for a call that returns a promise. */
export async function misuseAsUsage<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    return checked(() => {
      throw error;
    });
  }
}

const CODES: { readonly [code: string]: ExitCode } = {
  STORE_LOCKED: ExitCode.locked,
  LOCK_LOST: ExitCode.locked,
  STORE_CORRUPT: ExitCode.damaged,
  BACKUP_INVALID: ExitCode.damaged,
};

/** The exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return ExitCode.usage;
  if (error instanceof NotFoundError) return ExitCode.notFound;
  if (error instanceof StoreError) return CODES[error.code] ?? ExitCode.failed;
  if (error instanceof FailedError || isSystemError(error)) return ExitCode.failed;
  return ExitCode.defect;
}

/** The code that `--json` shows for an error. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "DEFECT";
}

/** Whether the operating system refused something: its errors have a number. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as { errno?: unknown }).errno === "number";
}
