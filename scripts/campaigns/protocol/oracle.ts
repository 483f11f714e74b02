/**
 * Compares what a store has with what its clients called, and what they were told.
 *
 * @module
 */

import type { Reader, Store } from "../../../mod.ts";
import { RESERVED } from "../../../src/shared/requests.ts";
import { isLinearizable, type RegisterOperation } from "../shared/linearizable.ts";
import {
  ACCOUNTS,
  BULK,
  COUNTERS,
  type Done,
  LISTS,
  MOVES,
  type Notes,
  REGISTERS,
  shown,
  tokenOf,
  WHOLE_BULK,
} from "./actor.ts";

/** What a store has: each key as text, and the bulk as one register. */
export type Content = ReadonlyMap<string, string>;

/** Nothing. */
export const NOTHING: Content = new Map();

/** Reads everything. */
export async function contentOf(store: Reader): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  const bulk = new Set<string | undefined>();
  for (const [key, value] of await store.entries().toArray()) {
    if (key.startsWith("b")) bulk.add(tokenOf(value));
    else content.set(key, shown(key, value));
  }
  if (bulk.size > 0) content.set(WHOLE_BULK, [...bulk].join("+"));
  return content;
}

/** Calls between two crashes of the machine, with what was there before and after. */
export interface Era {
  readonly before: Content;
  readonly after: Content;
  readonly done: readonly Done[];
  /** Whether the machine crashed at the end. Then writes without an answer may be lost, although others read them. */
  readonly isCut: boolean;
}

/** What is wrong with an era; empty if nothing is. */
export function faultsOf({ before, after, done, isCut }: Era): string[] {
  const registers = [...REGISTERS, WHOLE_BULK].flatMap((key) => {
    const operations = registerOf(key, done, before.get(key));
    const last = { startMs: LATEST, endMs: LATEST, value: after.get(key), isWrite: false };
    const writes = operations.filter(({ isWrite }) => isWrite);
    const histories = isCut ? [operations, [...writes, last]] : [[...operations, last]];
    if (histories.every(isLinearizable)) return [];
    return [`${key} is not linearizable: it was ${before.get(key)}, and is ${after.get(key)}`];
  });
  const counters = COUNTERS.flatMap((key) => counterFaults(key, done, before, after));
  const lists = [...LISTS, MOVES].flatMap((key) => listFaults(key, done, before.get(key), after.get(key)));
  return [...registers, ...counters, ...lists, ...accountFaults(after)];
}

/** After all calls. */
const LATEST = Number.MAX_SAFE_INTEGER;

function registerOf(key: string, all: readonly Done[], before: string | undefined): RegisterOperation[] {
  const operations: RegisterOperation[] = [];
  if (before !== undefined) operations.push({ startMs: 0, endMs: 0, value: before, isWrite: true });
  for (const done of all) {
    const { kind, start, value, expected, outcome, result } = done;
    if (done.key !== key && !(kind === "deleteRange" && key.startsWith("r"))) continue;
    const isOver = outcome === "done" && !(kind === "deleteRange" && isDisturbed(done, all, key));
    const endMs = isOver ? done.end : Number.POSITIVE_INFINITY;
    // These two read first: what is called meanwhile may come before them.
    const order = kind === "update" || kind === "deleteRange" ? {} : { client: done.actor };
    const common = { startMs: start, endMs, ...order };
    const isDone = outcome === "done";
    if (kind === "get" || kind === "read") {
      if (isDone) operations.push({ ...common, value: result as string | undefined, isWrite: false });
    } else if (kind === "put" || kind === "deleteRange") {
      operations.push({ ...common, value, isWrite: true });
    } else if (kind === "delete") {
      const fits = (present: string | undefined) => !isDone || (present !== undefined) === result;
      operations.push({ ...common, value: undefined, isWrite: true, fits });
    } else {
      const hasFailed = isDone && (result === false || result === undefined);
      const fits = (present: string | undefined) => (present === expected) !== hasFailed;
      operations.push({ ...common, value, isWrite: !hasFailed, fits });
    }
  }
  return operations;
}

/**
 * Whether a deletion of a range may leave a key: a write that depends on its value came in between. A deletion leaves
 * what is newer than its call.
 */
function isDisturbed(deletion: Done, all: readonly Done[], key: string): boolean {
  return all.some(
    (done) => done.key === key && DEPENDING.has(done.kind) && done.start < deletion.end && done.end > deletion.start,
  );
}

const DEPENDING: ReadonlySet<string> = new Set(["swap", "update", "delete"]);

/** Each increment returned another number, later ones larger numbers, and none was done twice. */
function counterFaults(key: string, all: readonly Done[], before: Content, after: Content): string[] {
  const done = all.filter((each) => each.key === key);
  const answered = done.filter(({ outcome }) => outcome === "done");
  const [from, to] = [Number(before.get(key) ?? 0), Number(after.get(key) ?? 0)];
  const faults: string[] = [];
  const results = answered.map(({ result }) => result as number);
  if (new Set(results).size !== results.length) faults.push(`${key}: two increments returned the same number`);
  if (results.some((result) => result <= from || result > to))
    faults.push(`${key} went from ${from} to ${to}, and increments returned ${results}`);
  if (to - from < answered.length || to - from > done.length)
    faults.push(`${key} went from ${from} to ${to}: expected ${answered.length} to ${done.length} increments`);
  for (const first of answered) {
    const wrong = answered.some(
      (second) =>
        (first.end < second.start || (first.actor === second.actor && first.start < second.start)) &&
        (first.result as number) >= (second.result as number),
    );
    if (wrong) faults.push(`${key}: an increment after the one to ${first.result} did not return more`);
  }
  return faults;
}

/** What was appended is there once; without an answer at most once. The values of one client are in its order. */
function listFaults(key: string, all: readonly Done[], before = "", after = ""): string[] {
  const faults: string[] = [];
  if (!after.startsWith(before)) return [`${key} was '${before}', and is '${after}'`];
  const found = after.slice(before.length).split(",").slice(0, -1);
  const done = all.filter((each) => each.key === key);
  const known = new Set(done.map(({ value }) => value));
  for (const value of found) if (!known.has(value)) faults.push(`${key} has '${value}', which nobody appended`);
  for (const { value, outcome } of done) {
    const times = found.filter((each) => each === value).length;
    if (times > 1) faults.push(`${key} has '${value}' ${times} times`);
    if (times === 0 && outcome === "done") faults.push(`${key} lost '${value}'`);
  }
  // Transactions that run at a time may be committed in any order.
  for (const actor of key === MOVES ? [] : new Set(done.map((each) => each.actor))) {
    const wanted = done.filter((each) => each.actor === actor).map(({ value }) => value as string);
    const there = found.filter((value) => wanted.includes(value));
    if (there.join() !== wanted.filter((value) => there.includes(value)).join())
      faults.push(`${key} has the values of a client in another order: ${there}`);
  }
  return faults;
}

/** Each account has what the transactions moved that are there. */
function accountFaults(after: Content): string[] {
  const balances = new Map<string, number>();
  const add = (account = "", by = 0) => balances.set(account, (balances.get(account) ?? 0) + by);
  for (const token of (after.get(MOVES) ?? "").split(",").slice(0, -1)) {
    const [, from, to] = token.split(":");
    add(from, -1);
    add(to, 1);
  }
  return ACCOUNTS.filter((key) => Number(after.get(key) ?? 0) !== (balances.get(key) ?? 0)).map(
    (key) => `${key} has ${after.get(key)}: the transactions make ${balances.get(key)}`,
  );
}

/** What a closed store has beside its content: nothing. Compares what the watches told with the versions of the keys. */
export async function faultsAtEnd(store: Store, content: Content, notes: Notes, keepsAll: boolean): Promise<string[]> {
  const faults: string[] = [];
  const found = await contentOf(store);
  const differs = [...new Set([...content.keys(), ...found.keys()])].filter(
    (key) => content.get(key) !== found.get(key),
  );
  for (const key of differs) faults.push(`${key} was ${content.get(key)}, and is ${found.get(key)} after closing`);
  const records = await store.count({ gte: RESERVED });
  if (records > 0) faults.push(`${records} records of requests are left`);
  const { damages } = await store.verify();
  for (const damage of damages) faults.push(`damage: ${JSON.stringify(damage)}`);
  for (const { told } of notes.watched) {
    const places = told.map(({ key, version }) => `${version} of ${key}`);
    if (new Set(places).size !== places.length) faults.push("a watch told a change twice");
    if (told.some(({ version }, i) => version < (told[i - 1]?.version ?? 0))) faults.push("a watch went back");
  }
  if (keepsAll) faults.push(...(await watchFaults(store, notes)));
  return faults;
}

/** Everything is still there, so a watch must have told exactly that. */
async function watchFaults(store: Store, { watched, done }: Notes): Promise<string[]> {
  const faults: string[] = [];
  const versionOf = new Map<string, number>();
  const keys = [...REGISTERS, ...COUNTERS, ...LISTS, MOVES, ...ACCOUNTS, ...BULK];
  const versions: { version: number; key: string; what: string }[] = [];
  for (const key of keys) {
    for (const { version, value } of await store.versions(key)) {
      const what = value && shown(key, value);
      versions.push({ version, key, what: `${version} ${key} ${what}` });
      if (key.startsWith("b") && what) versionOf.set(what, version);
    }
  }
  versions.sort((a, b) => a.version - b.version || (a.key < b.key ? -1 : 1));
  for (const { since, told } of watched) {
    const known = told.filter(({ key }) => keys.includes(key as never));
    const until = known.at(-1)?.version ?? 0;
    const place = (version: number) => version > since && version < until;
    const expected = versions.filter(({ version }) => place(version)).map(({ what }) => what);
    const got = known
      .filter(({ version }) => place(version))
      .map(({ key, version, value }) => `${version} ${key} ${value}`);
    const at = expected.findIndex((what, i) => what !== got[i]);
    if (at >= 0 || got.length !== expected.length)
      faults.push(`a watch told '${got[at < 0 ? expected.length : at]}' instead of '${expected[at]}'`);
  }
  for (const { kind, key, value, outcome, result } of done) {
    if (kind !== "swap" || key !== WHOLE_BULK || outcome !== "done" || result === undefined) continue;
    const version = versionOf.get(value as string);
    if (version !== result) faults.push(`a commit returned version ${result}: it has ${version}`);
  }
  return faults;
}
