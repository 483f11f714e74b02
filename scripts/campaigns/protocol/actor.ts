/**
 * A client in a history: calls the store of its process, and notes what it called and what came of it.
 *
 * @module
 */

import { type SharedStore, StoreError } from "../../../mod.ts";
import { float64Codec } from "../../../src/codecs/mod.ts";
import type { Random } from "../../lib/random.ts";
import type { Process } from "./process.ts";

/** The keys of a history. */
export const REGISTERS = ["r0", "r1", "r2"] as const;
export const COUNTERS = ["c0", "c1"] as const;
export const LISTS = ["l0", "l1"] as const;
export const ACCOUNTS = ["a0", "a1", "a2", "a3"] as const;
/** The transactions that were committed. */
export const MOVES = "m";
/** Many keys that always have one value: more than one piece of a walk. */
export const BULK: readonly string[] = Array.from({ length: 24 }, (_, i) => `b${10 + i}`);
const [FIRST_OF_BULK = ""] = BULK;
const BULK_BYTES = 150;
/** The register that they are together. */
export const WHOLE_BULK = "bulk";
/** Written when all else is done. */
export const LAST = "z";

/** Writes of which a close may leave out a part. */
const ENDS_EARLY: ReadonlySet<string> = new Set(["move", "update", "clear", "before"]);

/** How a call ended. */
type Outcome =
  /** It has no answer. */
  | "open"
  | "done"
  /** It is not done, and never will be. */
  | "refused"
  /** It is done or not. */
  | "unknown";

/** A call. Times are numbers of moments. */
export interface Done {
  readonly actor: number;
  readonly kind:
    | "put"
    | "delete"
    | "get"
    | "swap"
    | "update"
    | "deleteRange"
    | "clear"
    | "before"
    | "increment"
    | "append"
    | "move"
    | "read";
  readonly key: string;
  /** What it writes. */
  readonly value: string | undefined;
  /** What must be there before. */
  expected: string | undefined;
  readonly start: number;
  end: number;
  outcome: Outcome;
  result: unknown;
}

/** A change that a watch told. */
export interface Told {
  readonly key: string;
  readonly version: number;
  readonly value: string | undefined;
}

/** A watch. */
export interface Watched {
  readonly since: number;
  readonly told: Told[];
  isGone: boolean;
}

/** A time in which the records of an actor may be lost. */
interface Loss {
  readonly actor: number;
  /** When what may lose them was over. */
  over: number;
  /** When the actor had joined again. */
  end: number;
}

/** What all actors of a history write down. */
export class Notes {
  #moment = 0;
  done: Done[] = [];
  readonly watched: Watched[] = [];
  readonly faults: string[] = [];
  /** When OWNER_LOST may come. */
  readonly #losses: Loss[] = [];
  /** When the directory got another owner. */
  readonly owners: number[] = [];

  /** The next moment. */
  moment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  fault(what: string): void {
    this.faults.push(what);
  }

  /** The records of these actors may be lost, from now until the returned function was called and they joined again. */
  lose(actors: readonly number[]): () => void {
    const losses = actors.map(
      (actor): Loss => ({ actor, over: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY }),
    );
    this.#losses.push(...losses);
    return () => {
      for (const loss of losses) loss.over = this.moment();
    };
  }

  /** A call has an answer: its actor has joined an owner. */
  answered({ actor, start, end }: Done): void {
    for (const loss of this.#losses) if (loss.actor === actor && loss.over < start) loss.end = Math.min(loss.end, end);
  }

  /** Whether a write without an answer may be lost. */
  mayLose({ actor, start }: Done): boolean {
    return this.#losses.some((loss) => loss.actor === actor && loss.end >= start);
  }
}

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** The value of a bulk without what fills it up. */
export function tokenOf(value: Uint8Array | string | undefined): string | undefined {
  const whole = typeof value === "string" ? value : text(value);
  return whole?.split(" ")[0];
}

/** The number that a counter has. */
export function numberOf(bytes: Uint8Array | undefined): number {
  return bytes ? float64Codec.decode(bytes) : 0;
}

/** See the module. */
export class Actor {
  readonly process: Process;
  readonly #notes: Notes;
  readonly #random: Random;
  readonly #keepsAll: boolean;
  #store: SharedStore | undefined;
  #count = 0;
  /** How many calls have no answer. */
  inFlight = 0;
  isClosing = false;
  isClosed = false;
  readonly #watches: AbortController = new AbortController();
  /** How many watches have not told the last change. */
  watching = 0;

  constructor(process: Process, notes: Notes, random: Random, keepsAll: boolean) {
    this.process = process;
    this.#notes = notes;
    this.#random = random;
    this.#keepsAll = keepsAll;
  }

  get store(): SharedStore | undefined {
    return this.#store;
  }

  /** Whether it can call. */
  get isReady(): boolean {
    return this.#store !== undefined && !this.process.isDead && !this.isClosing;
  }

  async join(settings: Parameters<Process["join"]>[0]): Promise<void> {
    try {
      this.#store = await this.process.join(settings);
    } catch (error) {
      if (!this.process.isDead) this.#notes.fault(`open rejected: ${error}`);
    }
  }

  async close(): Promise<void> {
    this.isClosing = true;
    try {
      await this.#store?.close();
    } catch (error) {
      if (!this.process.isDead) this.#notes.fault(`close rejected: ${error}`);
    }
    if (this.process.isDead) return;
    this.isClosed = true;
    this.process.reap();
  }

  /** Ends its watches. */
  stopWatching(): void {
    this.#watches.abort(new Error("enough"));
  }

  /** Calls something. */
  act(): void {
    const store = this.#store as SharedStore;
    const random = this.#random;
    const value = `${this.process.id}.${++this.#count}`;
    const durable = { durable: true };
    const options = random.below(8) === 0 ? durable : undefined;
    const register = random.pick(REGISTERS);
    random.pick([
      () => this.#note("put", register, value, () => store.put(register, value, options)),
      () => this.#note("put", register, value, () => store.put(register, value, options)),
      () => this.#note("get", register, undefined, async () => text(await store.get(register))),
      () => this.#note("get", register, undefined, async () => text(await store.get(register))),
      () => this.#note("delete", register, undefined, () => store.delete(register)),
      () => this.#swap(store, register, value),
      () => this.#update(store, register, value),
      () => this.#clear(store, `o${value}/`),
      () => this.#before(store, `s${value}`),
      () => this.#note("deleteRange", "r", undefined, () => store.deleteRange({ prefix: "r" })),
      () => this.#increment(store, random.pick(COUNTERS)),
      () => this.#increment(store, random.pick(COUNTERS)),
      () => this.#append(store, random.pick(LISTS), value),
      () => this.#append(store, random.pick(LISTS), value),
      () => this.#note("put", WHOLE_BULK, value, () => store.batch(bulkOf(value), options)),
      () => this.#commit(store, value),
      () => this.#move(store, value),
      () => this.#move(store, value),
      () => this.#snapshot(store),
      () => this.#walk(store, random.below(2) === 0),
      () => this.#note("read", "count", undefined, () => store.count({ prefix: "b" })),
      () => this.#note("read", "flush", undefined, () => store.flush()),
    ])();
  }

  /** Writes and reads without waiting in between. */
  burst(): void {
    for (let i = 0; i < 2 + this.#random.below(6); i++) this.act();
  }

  /** Tells all changes, from the first or from now on, until it is stopped. */
  async watch(since: number): Promise<void> {
    const watched: Watched = { since, told: [], isGone: false };
    this.#notes.watched.push(watched);
    this.watching += 1;
    try {
      const { signal } = this.#watches;
      for await (const { key, version, value } of (this.#store as SharedStore).watch({}, { since, signal })) {
        if (this.process.isDead) return;
        watched.told.push({ key, version, value: value && shown(key, value) });
        if (key === LAST) this.watching -= 1;
      }
    } catch (error) {
      if (this.process.isDead || this.#watches.signal.aborted) return;
      this.watching -= 1;
      watched.isGone = true;
      const isAllowed = !this.#keepsAll && error instanceof StoreError && error.code === "VERSION_GONE";
      if (!isAllowed) this.#notes.fault(`a watch rejected: ${error}`);
    }
  }

  #increment(store: SharedStore, key: string): void {
    this.#note("increment", key, undefined, () => store.increment(key));
  }

  #append(store: SharedStore, key: string, value: string): void {
    this.#note("append", key, value, () => store.append(key, `${value},`));
  }

  /** Reads, and replaces what it found. */
  #swap(store: SharedStore, key: string, value: string): void {
    this.#note("get", key, undefined, async () => {
      const found = await store.getEntry(key);
      const present = text(found?.value);
      const swap = () => store.compareAndSet(key, found?.version, value);
      if (this.isReady) this.#note("swap", key, value, swap, present);
      return present;
    });
  }

  #update(store: SharedStore, key: string, value: string): void {
    this.#note("update", key, value, (done) =>
      store.update(key, (present) => {
        done.expected = text(present);
        return value;
      }),
    );
  }

  /** The same with a commit that checks the version. */
  #commit(store: SharedStore, value: string): void {
    this.#note("read", WHOLE_BULK, undefined, async () => {
      const found = await store.getEntry(FIRST_OF_BULK);
      const present = tokenOf(found?.value);
      const commit = () => store.commit(bulkOf(value), { checks: [{ key: FIRST_OF_BULK, version: found?.version }] });
      if (this.isReady) this.#note("swap", WHOLE_BULK, value, commit, present);
      return present;
    });
  }

  /** Deletes a range, and writes to it before that has an answer: a deletion leaves what is written later. */
  #clear(store: SharedStore, key: string): void {
    this.#note("clear", key, undefined, async () => {
      await store.put(key, "before");
      const deleted = store.deleteRange({ prefix: key });
      await Promise.all([deleted, store.put(key, "after")]);
      const found = text(await store.get(key));
      if (found !== "after" && !this.process.isDead)
        this.#notes.fault(`${key} has ${found} after a deletion before it`);
    });
  }

  /** Opens a snapshot and a watch, and writes before they have an answer: the one leaves that out, the other tells it. */
  #before(store: SharedStore, key: string): void {
    this.#note("before", key, undefined, async () => {
      await store.put(key, "before");
      const start = this.#notes.moment();
      const refused = (error: unknown) => {
        if (!this.#mayBeGone(error, start)) throw error;
        return undefined;
      };
      const snapshot = store.snapshot();
      const watch = store.watch({ prefix: key }, { signal: this.#watches.signal })[Symbol.asyncIterator]();
      try {
        const written = store.put(key, "after");
        // If a read rejects first, nobody waits for it.
        written.catch(() => {});
        const found = text(await snapshot.get(key).catch(refused));
        if (found !== undefined && found !== "before" && !this.process.isDead)
          this.#notes.fault(`${key} has ${found} in a snapshot from before`);
        await written;
        // At the next owner it may begin with what it was called after.
        for (let last: string | undefined; last !== "after"; ) {
          const told = await watch.next().catch(refused);
          if (!told || told.done) break;
          last = told.value.type === "put" ? text(told.value.value) : undefined;
        }
      } finally {
        snapshot.dispose();
        await watch.return?.();
      }
    });
  }

  /** Moves 1 from an account to another one. */
  #move(store: SharedStore, value: string): void {
    const [from, to] = [this.#random.pick(ACCOUNTS), this.#random.pick(ACCOUNTS)];
    const token = `${value}:${from}:${to}`;
    this.#note("move", MOVES, token, () =>
      store.transaction(
        async (transaction) => {
          const [first, second] = await transaction.getMany([from, to]);
          if (from !== to) {
            transaction.put(from, String(Number(text(first) ?? 0) - 1));
            transaction.put(to, String(Number(text(second) ?? 0) + 1));
          }
          transaction.append(MOVES, `${token},`);
        },
        { retries: 1000 },
      ),
    );
  }

  /** Reads a snapshot twice. */
  #snapshot(store: SharedStore): void {
    this.#note("read", WHOLE_BULK, undefined, async () => {
      const snapshot = store.snapshot();
      try {
        const [first, accounts] = [await snapshot.getMany(BULK), await snapshot.getMany(ACCOUNTS)];
        const second = (await snapshot.entries({ prefix: "b" }).toArray()).map(([, each]) => each);
        const sum = accounts.reduce((all, each) => all + Number(text(each) ?? 0), 0);
        if (sum !== 0) this.#notes.fault(`the accounts of a snapshot have ${sum}`);
        if (second.length !== first.filter((each) => each !== undefined).length)
          this.#notes.fault(`a snapshot has ${second.length} values of the bulk, and had others before`);
        return this.#one([...first, ...second]);
      } finally {
        snapshot.dispose();
      }
    });
  }

  #walk(store: SharedStore, reverse: boolean): void {
    // A walk in the owner itself does not wait until what it reads is written: it may tell of what is lost.
    this.#note("read", store.role === "owner" ? "walk" : WHOLE_BULK, undefined, async () => {
      const entries = await store.entries({ prefix: "b", reverse }).toArray();
      const keys = entries.map(([key]) => key).join();
      const isWhole = keys === (reverse ? BULK.toReversed() : BULK).join();
      if (!isWhole && keys !== "") this.#notes.fault(`a walk told ${keys}`);
      return this.#one(entries.map(([, value]) => value));
    });
  }

  /** The token of a bulk that was read. */
  #one(values: readonly (Uint8Array | undefined)[]): string | undefined {
    const tokens = new Set(values.map(tokenOf));
    if (tokens.size > 1) this.#notes.fault(`one version of the bulk has ${[...tokens]}`);
    return [...tokens][0];
  }

  /** Whether a read that began at that moment may reject so: it has not the version that it needs. */
  #mayBeGone(error: unknown, start: number): boolean {
    if (!(error instanceof StoreError)) return false;
    // The connection ended before the owner had said which version the snapshot is.
    if (error.code === "OWNER_LOST") return error.message.startsWith("Cannot read the snapshot");
    const hasChanged = this.#notes.owners.some((moment) => moment > start);
    return error.code === "VERSION_GONE" && !this.#keepsAll && hasChanged;
  }

  /** Notes a call. */
  #note(
    kind: Done["kind"],
    key: string,
    value: string | undefined,
    call: (done: Done) => Promise<unknown>,
    expected?: string,
  ): void {
    const notes = this.#notes;
    const start = notes.moment();
    const done: Done = {
      actor: this.process.id,
      kind,
      key,
      value,
      expected,
      start,
      end: Number.POSITIVE_INFINITY,
      outcome: "open",
      result: undefined,
    };
    notes.done.push(done);
    this.inFlight += 1;
    const settle = (how: (done: Done) => void) => {
      if (this.process.isDead) return;
      this.inFlight -= 1;
      done.end = notes.moment();
      how(done);
    };
    call(done).then(
      (result) =>
        settle(() => {
          Object.assign(done, { outcome: "done", result });
          notes.answered(done);
        }),
      (error: unknown) => settle(() => this.#failed(done, error)),
    );
  }

  #failed(done: Done, error: unknown): void {
    const notes = this.#notes;
    const { kind } = done;
    const code = error instanceof StoreError ? error.code : String(error);
    const isWrite = kind !== "get" && kind !== "read";
    done.outcome = isWrite ? "unknown" : "refused";
    if (code === "OWNER_LOST" && isWrite && notes.mayLose(done)) return;
    // A read, a transaction whose function still runs, and what calls twice end with the store.
    if (code === "STORE_CLOSED" && this.isClosing && (!isWrite || ENDS_EARLY.has(kind))) return;
    if (!isWrite && this.#mayBeGone(error, done.start)) return;
    notes.fault(`${kind} of '${done.key}' rejected: ${error}`);
  }
}

function bulkOf(value: string) {
  return BULK.map((key) => ({ type: "put" as const, key, value: `${value} ${".".repeat(BULK_BYTES)}` }));
}

/** A value as the oracle compares it. */
export function shown(key: string, value: Uint8Array): string {
  if (key.startsWith("c")) return String(numberOf(value));
  return (key.startsWith("b") ? tokenOf(value) : text(value)) ?? "";
}
