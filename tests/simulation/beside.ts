/**
 * Things that a simulated life does beside each other: long calls while it writes, and several of one kind at once.
 *
 * @module
 */

import type { SledStore } from "../../mod.ts";
import type { Random } from "../engine/random.ts";
import { BackupChain } from "./backups.ts";
import { CrashFault, type Found, isSame, type Model } from "./history.ts";

/** What such an act needs of its life. */
export interface Beside {
  readonly store: SledStore;
  readonly random: Random;
  readonly nowMs: number;
  /** What is there; no commit may be on its way. */
  readonly model: Model;
  /** What it starts goes on behind it, and must not fail. */
  follow(promise: Promise<unknown>): void;
  /** Waits, and nothing is written meanwhile. */
  until<T>(promise: Promise<T>): Promise<T>;
}

/** Fails when damage is found. */
export async function verifyWhole(store: Pick<SledStore, "verify">): Promise<void> {
  const { damages } = await store.verify();
  const [first] = damages;
  if (first) throw new CrashFault("wrong", `verify found ${first.message} in ${first.file}`);
}

/** Does one of these things. */
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
    () => life.follow(walk(life)),
    () => life.follow(Promise.all([walk(life), walk(life)])),
    () => {
      const backups = [new BackupChain(), new BackupChain()];
      return life.until(Promise.all(backups.map((backup) => backup.add(store, life.model, life.nowMs))));
    },
  ])();
}

/** A walk is as of its first page, however long it takes. */
async function walk({ store, model, nowMs }: Beside): Promise<void> {
  const entries = store.entries()[Symbol.asyncIterator]();
  const found: [string, Uint8Array][] = [];
  for (let next = await entries.next(); !next.done; next = await entries.next()) found.push(next.value);
  const later = Date.now();
  // What expires meanwhile may be there or not.
  if (later === nowMs && !isSame(found as Found, model, nowMs))
    throw new CrashFault("wrong", "a walk found something else");
}
