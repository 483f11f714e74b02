/**
 * Concurrent actions of a simulated life: long calls during writes, and several calls of one kind at once.
 *
 * @module
 */

import type { SledStore } from "../../../mod.ts";
import type { Random } from "../../lib/random.ts";
import { BackupChain } from "./backups.ts";
import { CrashFault, type Found, isSame, type Model } from "./history.ts";

/** The life that such an action needs. */
export interface Beside {
  readonly store: SledStore;
  readonly random: Random;
  readonly nowMs: number;
  /** The present content. No commit may be in progress. */
  readonly model: Model;
  /** Lets a promise continue in the background. It must not fail. */
  follow(promise: Promise<unknown>): void;
  /** Waits for a promise. Nothing is written meanwhile. */
  until<T>(promise: Promise<T>): Promise<T>;
}

/** Fails if verification finds damage. */
export async function verifyWhole(store: Pick<SledStore, "verify">): Promise<void> {
  const { damages } = await store.verify();
  const [first] = damages;
  if (first) throw new CrashFault("wrong", `verify found ${first.message} in ${first.file}`);
}

/** Does one of these actions. */
export async function actBeside(life: Beside): Promise<void> {
  const { store, random } = life;
  await random.pick([
    () => life.follow(verifyWhole(store)),
    () => {
      life.follow(store.compact());
      life.follow(verifyWhole(store));
    },
    () => {
      life.follow(store.compact());
      life.follow(store.compact());
    },
    () => {
      life.follow(verifyWhole(store));
      life.follow(verifyWhole(store));
      life.follow(store.flush());
    },
    () => walk(life, 1),
    () => walk(life, 2),
    () => {
      const backups = [new BackupChain(), new BackupChain()];
      return life.until(Promise.all(backups.map((backup) => backup.add(store, life.model, life.nowMs))));
    },
  ])();
}

/**
 * Iterators read the version of their first step, however long they take. A first step may wait for a turn; until then
 * nothing is written.
 */
async function walk(life: Beside, count: number): Promise<void> {
  const begun = Array.from({ length: count }, () => {
    const entries = life.store.entries()[Symbol.asyncIterator]();
    return { entries, first: entries.next() };
  });
  await life.until(Promise.all(begun.map(({ first }) => first)));
  for (const { entries, first } of begun) life.follow(walkOn(life, entries, first));
}

async function walkOn(
  { model, nowMs }: Beside,
  entries: AsyncIterator<[string, Uint8Array]>,
  first: Promise<IteratorResult<[string, Uint8Array]>>,
): Promise<void> {
  const found: [string, Uint8Array][] = [];
  for (let next = await first; !next.done; next = await entries.next()) found.push(next.value);
  const later = Date.now();
  // Entries that expire meanwhile may be there or not.
  if (later === nowMs && !isSame(found as Found, model, nowMs))
    throw new CrashFault("wrong", "a walk found something else");
}
