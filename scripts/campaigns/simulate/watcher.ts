/**
 * Watches of a simulated store. Compares the delivered changes with the history.
 *
 * @module
 */

import { type Change, type SledStore, StoreError } from "../../../mod.ts";
import { CrashFault, type History, isEqual, isLive, type Model, type ModelVersion, REMEMBERED } from "./history.ts";

/** A key, and one of its versions. */
export interface ModelTold extends ModelVersion {
  readonly key: string;
}

/** The changes after a version, in the order of the commits; `undefined` if the model does not remember all of them. */
export function changesAfter(model: Model, since: number): ModelTold[] | undefined {
  const changes: ModelTold[] = [];
  for (const [key, versions] of model) {
    const after = versions.filter(({ version }) => version > since);
    if (after.length === REMEMBERED) return undefined;
    for (const version of after) changes.push({ ...version, key });
  }
  return changes.sort((a, b) => a.version - b.version || (a.key < b.key ? -1 : 1));
}

/** Throws unless a watch has delivered exactly these changes, each once and in this order. */
export function compareTold(
  told: readonly Change[],
  expected: readonly ModelTold[],
  now: number,
  whole: boolean,
): void {
  const shown = ({ version, key }: { version: number; key: string }) => `${version} of '${key.slice(0, 40)}'`;
  for (const [index, change] of told.entries()) {
    const model = expected[index];
    if (!model || model.version !== change.version || model.key !== change.key) {
      const what = model ? shown(model) : "nothing";
      throw new CrashFault("wrong", `a watch told ${shown(change)} at ${index}, not ${what}`);
    }
    const isPut = model.value !== undefined;
    const value = isLive(model, now) ? model.value : undefined;
    // A value that had expired at delivery is absent. One that has expired since may be present.
    const isSame = change.value ? model.value && isEqual(change.value, model.value) : value === undefined;
    if (!isSame || (change.type === "put") !== isPut || (change.expiresAt ?? 0) !== model.expiresMs) {
      throw new CrashFault("wrong", `a watch told another change of ${shown(model)}`);
    }
  }
  const missed = expected[told.length];
  if (whole && missed) throw new CrashFault("wrong", `a watch did not tell ${shown(missed)}`);
}

/** A watch that runs as long as a life. If the history does not reach back, it continues where `VERSION_GONE` says. */
export class Watcher {
  readonly #store: SledStore;
  /** Every change up to here was delivered, or is not wanted. */
  #since: number;
  #told: Change[] = [];
  #failure: unknown;
  #iterator: AsyncIterator<Change> | undefined;
  #isStopped = false;

  constructor(store: SledStore, since: number) {
    this.#store = store;
    this.#since = since;
    void this.#run();
  }

  /** All commits up to this version were delivered; `undefined` for none. */
  get position(): number | undefined {
    // The last version may have changes that have not been delivered yet.
    const last = this.#told.at(-1)?.version;
    return last === undefined
      ? undefined
      : Math.max(...this.#told.map(({ version }) => (version < last ? version : 0)));
  }

  /** Compares the delivered changes with the history. */
  check(history: History, now: number): void {
    if (this.#failure) throw this.#failure;
    const expected = changesAfter(history.modelAt(history.length), this.#since);
    // There are too many changes to remember, so it starts anew.
    if (expected) compareTold(this.#told, expected, now, false);
    const { position } = this;
    if (position === undefined || position <= this.#since) return;
    this.#told = this.#told.filter(({ version }) => version > position);
    this.#since = position;
  }

  /** Stops. */
  async stop(): Promise<void> {
    // A watch that continues meanwhile would keep the process alive.
    this.#isStopped = true;
    await this.#iterator?.return?.();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const changes = this.#store.watch({}, { since: this.#since });
        this.#iterator = changes[Symbol.asyncIterator]();
        for (;;) {
          const next = await this.#iterator.next();
          if (next.done) return;
          this.#told.push(next.value);
        }
      } catch (error) {
        if (!(error instanceof StoreError)) {
          this.#failure = error;
          return;
        }
        if (error.code !== "VERSION_GONE") return;
        const { version = 0 } = error;
        if (version <= this.#since || version > this.#store.version) {
          this.#failure = new CrashFault("wrong", `a watch of ${this.#since} is to resume from ${version}`);
          return;
        }
        [this.#since, this.#told] = [version, []];
      }
    }
  }
}

/**
 * The changes of a watch from a version up to a last change. If the history does not reach back, they begin where it
 * does.
 */
export async function tellUntil(
  store: SledStore,
  from: number,
  key: string,
  until: number,
): Promise<{ since: number; told: Change[] }> {
  let since = from;
  for (;;) {
    const told: Change[] = [];
    try {
      for await (const change of store.watch({}, { since })) {
        told.push(change);
        if (change.key === key && change.version === until) return { since, told };
      }
      throw new CrashFault("wrong", "a watch ended while the store was open");
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "VERSION_GONE")) throw error;
      const { version = 0 } = error;
      if (version <= since || version > store.version) {
        throw new CrashFault("wrong", `a watch of ${since} is to resume from ${version}`);
      }
      since = version;
    }
  }
}
