/**
 * What the members of a campaign do, and how they write it down.
 *
 * @module
 */

/** One operation of a member. Values and tokens are unique in the whole campaign. */
export type Operation =
  | { readonly kind: "put"; readonly key: string; readonly value: string }
  | { readonly kind: "get"; readonly key: string }
  /** A read of a follower, which may be of the past: see follower_checks.ts. */
  | { readonly kind: "look"; readonly key: string }
  | { readonly kind: "increment"; readonly key: string }
  | { readonly kind: "append"; readonly key: string; readonly value: string }
  | { readonly kind: "move"; readonly key: string; readonly value: string };

/** An operation with its times, in milliseconds since 1970. */
export interface Done {
  readonly operation: Operation;
  readonly startMs: number;
  /** `undefined` if the member was killed before the end: it may be done, or not. */
  readonly endMs: number | undefined;
  /** What it returned. */
  readonly result: unknown;
}

/** A line that a member writes: the start of an operation, or its end. */
export type Line =
  | { readonly n: number; readonly at: number; readonly operation: Operation }
  | { readonly n: number; readonly at: number; readonly result: unknown };

/** The operations in the lines of one member. A line that was cut off does not count. */
export function operationsOf(text: string): Done[] {
  const done = new Map<number, { -readonly [Name in keyof Done]: Done[Name] }>();
  for (const line of text.split("\n")) {
    const parsed = parsedLine(line);
    if (!parsed) continue;
    if ("operation" in parsed) {
      done.set(parsed.n, { operation: parsed.operation, startMs: parsed.at, endMs: undefined, result: undefined });
      continue;
    }
    const begun = done.get(parsed.n);
    if (begun) [begun.endMs, begun.result] = [parsed.at, parsed.result];
  }
  return [...done.values()];
}

function parsedLine(line: string): Line | undefined {
  try {
    return line === "" ? undefined : (JSON.parse(line) as Line);
  } catch {
    return undefined;
  }
}

/** The accounts, and what each has at first. */
export const ACCOUNTS = 5;
export const FIRST_BALANCE = 1000;
export const REGISTERS = 4;
export const COUNTERS = 2;
export const LISTS = 2;
