/**
 * Compares the content of a store with the histories of all members that wrote to it.
 *
 * @module
 */

import type { Store } from "../../../mod.ts";
import { float64Codec } from "../../../src/codecs/mod.ts";
import { isLinearizable, type RegisterOperation } from "./linearizable.ts";
import { ACCOUNTS, type Done, FIRST_BALANCE, type Operation } from "./operations.ts";

/** The clocks of two processes may differ by this much. */
const CLOCK_MS = 2;

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** What is wrong; empty if nothing is. */
export async function faultsOf(store: Store, history: readonly Done[]): Promise<string[]> {
  return [
    ...registers(history),
    ...(await counters(store, history)),
    ...(await lists(store, history)),
    ...(await accounts(store)),
  ];
}

function registers(history: readonly Done[]): string[] {
  return [...byKey(history, ["put", "get"])].flatMap(([key, done]) => {
    const operations = done
      // A read without an answer says nothing.
      .filter(({ operation, endMs }) => operation.kind === "put" || endMs !== undefined)
      .map(({ operation, startMs, endMs = Number.POSITIVE_INFINITY, result }): RegisterOperation => {
        const isWrite = operation.kind === "put";
        const value = isWrite ? operation.value : ((result as string | null) ?? undefined);
        return { startMs: startMs - CLOCK_MS, endMs: endMs + CLOCK_MS, value, isWrite };
      });
    return isLinearizable(operations) ? [] : [`${key} is not linearizable: ${operations.length} operations`];
  });
}

/** Each increment returned another number, and none was done twice. */
async function counters(store: Store, history: readonly Done[]): Promise<string[]> {
  const faults: string[] = [];
  for (const [key, done] of byKey(history, ["increment"])) {
    const results = done.filter(({ endMs }) => endMs !== undefined).map(({ result }) => result as number);
    const bytes = await store.get(key);
    const value = bytes ? float64Codec.decode(bytes) : 0;
    if (new Set(results).size !== results.length) faults.push(`${key}: two increments returned the same number`);
    if (results.some((result) => result > value)) faults.push(`${key} is ${value}, and was more before`);
    if (value < results.length || value > done.length)
      faults.push(`${key} is ${value}: expected ${results.length} to ${done.length}`);
  }
  return faults;
}

/** Each value that was appended is there once; one without an answer at most once. */
async function lists(store: Store, history: readonly Done[]): Promise<string[]> {
  const faults: string[] = [];
  for (const [key, done] of byKey(history, ["append"])) {
    const counts = new Map<string, number>();
    for (const value of (text(await store.get(key)) ?? "").split(/(?<=,)/)) {
      if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    for (const { operation, endMs } of done) {
      const { value } = operation as Operation & { readonly kind: "append" };
      const times = counts.get(value) ?? 0;
      counts.delete(value);
      if (times > 1) faults.push(`${key} has ${value} ${times} times`);
      if (times === 0 && endMs !== undefined) faults.push(`${key} lost ${value}`);
    }
    for (const value of counts.keys()) faults.push(`${key} has ${value}, which nobody appended`);
  }
  return faults;
}

async function accounts(store: Store): Promise<string[]> {
  const keys = Array.from({ length: ACCOUNTS }, (_, i) => `account ${i}`);
  const balances = (await store.getMany(keys)).map((bytes) => Number(text(bytes) ?? FIRST_BALANCE));
  const sum = balances.reduce((a, b) => a + b, 0);
  return sum === ACCOUNTS * FIRST_BALANCE ? [] : [`the accounts have ${sum}: expected ${ACCOUNTS * FIRST_BALANCE}`];
}

function byKey(history: readonly Done[], kinds: readonly Operation["kind"][]): Map<string, Done[]> {
  return Map.groupBy(
    history.filter(({ operation }) => kinds.includes(operation.kind)),
    ({ operation }) => operation.key,
  );
}
