/**
 * The commits of groups of requests.
 *
 * @module
 */

import type { StoredOperation, StoredValue } from "../../backend.ts";
import { nameOf, withZero } from "../../bytes.ts";
import { type CommitOutcome, type CommitRequest, isChange } from "../backend.ts";
import { newId } from "./commit_ids.ts";
import type { Attempt, Connection, Query, Row } from "./connection.ts";
import type { Statements } from "./sql.ts";
import { bigint, bigintArray, bytea, byteaArray, intArray, numbersOf, type Parameter, TYPE } from "./values.ts";

/** After so many groups that others were faster than, this one locks the clock before it reads. */
const TRIES_WITHOUT_LOCK = 2;
const NOTHING: Uint8Array = new Uint8Array(0);

/** The states that the function of the server returns. */
const LOOK_AGAIN = 2;

/** What the commits of a store need. */
export interface CommitParts {
  readonly connection: Connection;
  readonly statements: Statements;
  readonly now: () => number;
  /** Called for each commit that was found done after the connection was lost. */
  readonly recovered: () => void;
}

/** The entry of a key, also if it has expired or is deleted. */
interface RawEntry {
  readonly value: Uint8Array<ArrayBuffer> | undefined;
  readonly version: number;
  readonly expiresMs: number;
}

/** A group whose changes are made. */
interface Made {
  /** By the numbers of the requests. */
  readonly operations: ReadonlyMap<number, readonly StoredOperation[]>;
  readonly errors: ReadonlyMap<number, unknown>;
  readonly seen: ReadonlyMap<string, { readonly key: Uint8Array; readonly version: number }>;
}

/** Does the requests of a group: see `AsyncBackend.commit`. */
export async function commitGroup(
  parts: CommitParts,
  group: readonly CommitRequest[],
): Promise<readonly CommitOutcome[]> {
  const id = newId(parts.now());
  const changed = keysToChange(group);
  for (let tries = 0; ; tries++) {
    if (changed.length > 0 && tries >= TRIES_WITHOUT_LOCK) return await commitLocked(parts, group, { id, changed });
    const made = madeOf(group, await look(parts, changed), parts.now());
    const row = await send(parts, id, group, made);
    if (Number(row.r_state) !== LOOK_AGAIN) return outcomesOf(group, made, row);
  }
}

/** The keys whose values the group changes by what they are. */
function keysToChange(group: readonly CommitRequest[]): Uint8Array[] {
  const keys = new Map<string, Uint8Array>();
  for (const { operations } of group) {
    for (const each of operations) if (isChange(each)) keys.set(nameOf(each.key), each.key);
  }
  return [...keys.values()];
}

async function look(
  { connection, statements }: CommitParts,
  keys: readonly Uint8Array[],
): Promise<ReadonlyMap<string, RawEntry>> {
  if (keys.length === 0) return new Map();
  return entriesOf(await connection.query("read what to change", statements.many, [byteaArray(keys)]), keys);
}

function entriesOf(rows: readonly Row[], keys: readonly Uint8Array[]): ReadonlyMap<string, RawEntry> {
  const absent: RawEntry = { value: undefined, version: 0, expiresMs: 0 };
  const entries = new Map<string, RawEntry>(keys.map((key) => [nameOf(key), absent]));
  for (const { key, value, version, expires } of rows) {
    entries.set(nameOf(key as Uint8Array), {
      value: (value ?? undefined) as RawEntry["value"],
      version: Number(version),
      expiresMs: Number(expires),
    });
  }
  return entries;
}

/** Makes the changes of a group, in the order of its requests. */
function madeOf(group: readonly CommitRequest[], found: ReadonlyMap<string, RawEntry>, nowMs: number): Made {
  const latest = new Map<string, StoredOperation & { readonly version: number }>();
  const operations = new Map<number, readonly StoredOperation[]>();
  const errors = new Map<number, unknown>();
  const seen = new Map<string, { key: Uint8Array; version: number }>();
  const present = (key: Uint8Array): StoredValue | undefined => {
    const name = nameOf(key);
    const raw = found.get(name);
    if (raw && !seen.has(name)) seen.set(name, { key, version: raw.version });
    const { value, version, expiresMs } = latest.get(name) ?? raw ?? { value: undefined, version: 0, expiresMs: 0 };
    if (!value || (expiresMs > 0 && expiresMs <= nowMs)) return undefined;
    return { value: value.slice() as StoredValue["value"], version, expiresMs };
  };
  for (const [number, request] of group.entries()) {
    try {
      const own: StoredOperation[] = [];
      for (const each of request.operations) {
        const made = isChange(each) ? each.change(present(each.key)) : each;
        if (made) own.push({ key: each.key, value: made.value, expiresMs: made.expiresMs });
      }
      operations.set(number, own);
      // Only keys that some request changes are looked up.
      if (found.size > 0) for (const each of own) latest.set(nameOf(each.key), { ...each, version: 0 });
    } catch (error) {
      errors.set(number, error);
    }
  }
  return { operations, errors, seen };
}

/** Sends a group until its outcome is known: the server knows its id. */
async function send(parts: CommitParts, id: Uint8Array, group: readonly CommitRequest[], made: Made): Promise<Row> {
  const { connection, statements, now, recovered } = parts;
  const single = singlePut(group, made);
  const call = async ({ query, attempt }: { query: Query; attempt: Attempt }) => {
    if (single && !attempt.mayBeDone) {
      const { key, value, expiresMs } = single;
      const values = [bytea(id), bytea(key), bytea(value), bigint(expiresMs), bigint(now())];
      const [written] = await query(statements.put, values);
      return { r_state: 0, r_base: Number(written?.version) - 1, r_refused: "{}", r_existed: "{}" };
    }
    const [row = {}] = await query(statements.commit, parametersOf(id, group, made, { now: now(), attempt }));
    if (Number(row.r_state) === 1) recovered();
    return row;
  };
  return await connection.repeat("commit", call, { changes: true });
}

/** What a group writes that is one put without conditions; `undefined` for other groups. */
function singlePut([request, ...others]: readonly CommitRequest[], made: Made): StoredOperation | undefined {
  if (!request || others.length > 0 || request.checks.length > 0 || request.reads || made.seen.size > 0)
    return undefined;
  const [operation, ...more] = made.operations.get(0) ?? [];
  return operation?.value === undefined || more.length > 0 ? undefined : operation;
}

/** As {@linkcode commitGroup}, with the clock locked from the look on: nobody else can be faster. */
async function commitLocked(
  parts: CommitParts,
  group: readonly CommitRequest[],
  { id, changed }: { readonly id: Uint8Array; readonly changed: readonly Uint8Array[] },
): Promise<readonly CommitOutcome[]> {
  const { connection, statements, now, recovered } = parts;
  const call = async ({ attempt }: { readonly attempt: Attempt }) =>
    await connection.transaction(async (query) => {
      const keys = byteaArray(changed);
      const [, rows] = await Promise.all([query(statements.lock), query(statements.many, [keys])]);
      const made = madeOf(group, entriesOf(rows, changed), now());
      const [row = {}] = await query(statements.commit, parametersOf(id, group, made, { now: now(), attempt }));
      if (Number(row.r_state) === 1) recovered();
      return outcomesOf(group, made, row);
    });
  return await connection.repeat("commit", call, { changes: true });
}

/** The parameters of the function of the server. */
function parametersOf(
  id: Uint8Array,
  group: readonly CommitRequest[],
  { operations, errors, seen }: Made,
  { now, attempt }: { readonly now: number; readonly attempt: Attempt },
): Parameter[] {
  const checks = group.flatMap(({ checks }, i) => (errors.has(i) ? [] : checks.map((check) => ({ ...check, i }))));
  const reads = group.flatMap(({ reads }, i) => (reads && !errors.has(i) ? [{ ...reads, i }] : []));
  const keys = reads.flatMap(({ keys, since, i }) => keys.map((key) => ({ key, since, i })));
  const ranges = reads.flatMap(({ ranges, since, i }) => ranges.map((range) => ({ range, since, i })));
  const writes = Array.from(operations).flatMap(([i, own]) => own.map((each) => ({ ...each, i })));
  const looked = [...seen.values()];
  return [
    bytea(id),
    { type: TYPE.bool, value: attempt.mayBeDone },
    bigint(now),
    { type: TYPE.int, value: String(group.length) },
    byteaArray(looked.map(({ key }) => key)),
    bigintArray(looked.map(({ version }) => version)),
    intArray(checks.map(({ i }) => i)),
    byteaArray(checks.map(({ key }) => key)),
    bigintArray(checks.map(({ version }) => version)),
    intArray(keys.map(({ i }) => i)),
    byteaArray(keys.map(({ key }) => key)),
    bigintArray(keys.map(({ since }) => since)),
    intArray(ranges.map(({ i }) => i)),
    byteaArray(ranges.map(({ range: { lower, lowerIncluded } }) => lowEnd(lower, lowerIncluded))),
    byteaArray(ranges.map(({ range: { upper, upperIncluded } }) => highEnd(upper, upperIncluded))),
    bigintArray(ranges.map(({ since }) => since)),
    intArray(writes.map(({ i }) => i)),
    byteaArray(writes.map(({ key }) => key)),
    byteaArray(writes.map(({ value }) => value)),
    bigintArray(writes.map(({ expiresMs }) => expiresMs)),
    { type: TYPE.bool, value: writes.some(({ value }) => value === undefined) },
  ];
}

/** The first key of a range; the empty key for an open end. */
export function lowEnd(lower: Uint8Array | undefined, isIncluded = true): Uint8Array {
  if (!lower) return NOTHING;
  return isIncluded ? lower : withZero(lower);
}

/** The first key after a range; `undefined` for an open end. */
export function highEnd(upper: Uint8Array | undefined, isIncluded = false): Uint8Array | undefined {
  return upper && isIncluded ? withZero(upper) : upper;
}

function outcomesOf(group: readonly CommitRequest[], made: Made, row: Row): CommitOutcome[] {
  const base = Number(row.r_base);
  const refused = new Set(numbersOf(String(row.r_refused)));
  const existed = new Map<number, number>();
  for (const i of numbersOf(String(row.r_existed))) existed.set(i, (existed.get(i) ?? 0) + 1);
  const wrote = (i: number) => !refused.has(i) && (made.operations.get(i)?.length ?? 0) > 0;
  const hasWritten = group.some((_, i) => wrote(i));
  return group.map((_, i): CommitOutcome => {
    if (made.errors.has(i)) return { state: "failed", error: made.errors.get(i) };
    if (refused.has(i)) return { state: "refused" };
    const version = wrote(i) ? base + 1 + i : base + (hasWritten ? group.length : 0);
    return { state: "done", version, existed: existed.get(i) ?? 0 };
  });
}
