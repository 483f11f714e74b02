/**
 * The load of the campaigns of servers: writers, transactions that keep a sum, and a watch.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type AsyncStore, StoreError } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { type Gaps, type Known, Tally } from "./tally.ts";

const ACCOUNTS = 10;
const START = 1000;
/** The keys of a writer. Each is written many times. */
const KEYS = 20;
const MOVERS = 4;
/** A pause after an error, in milliseconds: the store has repeated the call for seconds. */
const PAUSE_MS = 10;

/** No call takes longer, in milliseconds: each is given up after twice 10 seconds. */
const PATIENCE_MS = 60_000;

const decoder = new TextDecoder();
const numberOf = (value: Uint8Array | undefined) => Number(value ? decoder.decode(value) : 0);

/** What the watch saw of one key. */
interface Seen {
  readonly version: number;
  readonly value: string;
}

/** Everything that runs against the servers. */
export class Load {
  readonly tallies: Tally[] = [];
  readonly faults: string[] = [];
  readonly #stores: readonly AsyncStore[];
  readonly #watcher: AsyncStore;
  readonly #gaps: Gaps;
  readonly #random: Random;
  readonly #ending: AbortController = new AbortController();
  readonly #state: Map<string, Seen> = new Map();
  #running: Promise<unknown> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();
  #isOver = false;
  #seen = 0;
  #changes = 0;
  #reopened = 0;
  #moved = 0;
  #conflicts = 0;

  private constructor(stores: readonly AsyncStore[], watcher: AsyncStore, gaps: Gaps, seed: number) {
    this.#stores = stores;
    this.#watcher = watcher;
    this.#gaps = gaps;
    this.#random = new Random(seed);
  }

  /** Opens some clients of one store with `open`, and writes the accounts. */
  static async open(open: () => Promise<AsyncStore>, clients: number, gaps: Gaps, seed: number): Promise<Load> {
    const stores = await Promise.all(Array.from({ length: clients }, open));
    const watcher = await open();
    const load = new Load(stores, watcher, gaps, seed);
    const accounts = Array.from({ length: ACCOUNTS }, (_, i) => ({
      type: "put" as const,
      key: `account/${i}`,
      value: String(START),
    }));
    await watcher.batch(accounts);
    return load;
  }

  /** The version up to which the watch has seen all. */
  get seenVersion(): number {
    return this.#seen;
  }

  /** How many writes were acknowledged. */
  get writes(): number {
    return this.tallies.reduce((sum, tally) => sum + tally.count("done"), 0);
  }

  get detail(): string {
    return `${this.writes} writes, ${this.#moved} moves, ${this.#changes} changes`;
  }

  /** Starts so many writers, transactions and the watch. */
  start(writers: number): void {
    this.#watching = this.#watch();
    const tasks: Promise<void>[] = [];
    for (let i = 0; i < writers; i++) tasks.push(this.#write(i));
    for (let i = 0; i < MOVERS; i++) tasks.push(this.#move(i));
    this.#running = Promise.all(tasks);
  }

  /** Ends the load, and checks everything. */
  async finish(): Promise<{
    readonly lost: number;
    readonly doubled: number;
    readonly missed: number;
    readonly text: string;
  }> {
    this.#isOver = true;
    await inTime(this.#running, "the writers do not end");
    await this.#watcher.put("end", "1");
    const version = this.#watcher.version;
    const end = Date.now() + PATIENCE_MS;
    while (this.#seen < version) {
      if (Date.now() > end) throw new Error(`The watch hangs at version ${this.#seen}, and the store has ${version}`);
      await sleep(PAUSE_MS);
    }
    this.#ending.abort();
    await this.#watching;
    const sums = { lost: 0, doubled: 0, missed: 0 };
    for (const tally of this.tallies) {
      const { lost, doubled, missed } = tally.check(await this.#newestOf(tally.name));
      this.faults.push(...tally.faults);
      sums.lost += lost;
      sums.doubled += doubled;
      sums.missed += missed;
      if (lost + doubled + missed > 0) {
        this.faults.push(`${tally.name}: ${lost} lost, ${doubled} done twice or against the answer, ${missed} missed`);
      }
    }
    await this.#checkState();
    const undone = this.tallies.reduce((sum, tally) => sum + tally.count("undone"), 0);
    const unknown = this.tallies.reduce((sum, tally) => sum + tally.count("unknown"), 0);
    const text = `${this.detail}, ${undone} reported as not done, ${unknown} as unknown, ${this.#conflicts} conflicts reported, watch reopened ${this.#reopened} times`;
    for (const store of [...this.#stores, this.#watcher]) await store.close();
    return { ...sums, text };
  }

  async #newestOf(name: string): Promise<number> {
    if (name.startsWith("counter/")) return numberOf(await this.#watcher.get(name));
    let newest = 0;
    for (let i = 0; i < KEYS; i++) newest = Math.max(newest, numberOf(await this.#watcher.get(`${name}/${i}`)));
    return newest;
  }

  /** The state that the watch told must be the state that the store has; the sum must be as it was. */
  async #checkState(): Promise<void> {
    let [sum, entries] = [0, 0];
    for await (const [key, value] of this.#watcher.entries()) {
      entries += 1;
      if (key.startsWith("account/")) sum += numberOf(value);
      const seen = this.#state.get(key);
      if (seen?.value !== decoder.decode(value)) this.faults.push(`${key}: the watch told another value`);
    }
    if (sum !== ACCOUNTS * START) this.faults.push(`the sum is ${sum}, and was ${ACCOUNTS * START}`);
    if (entries !== this.#state.size) this.faults.push(`${entries} entries, and the watch told ${this.#state.size}`);
  }

  /** Writes numbers to some keys, and counts in one key. */
  async #write(i: number): Promise<void> {
    const store = this.#stores[i % this.#stores.length] as AsyncStore;
    const puts = new Tally(`writer/${i}`);
    const counts = new Tally(`counter/${i}`, true);
    this.tallies.push(puts, counts);
    while (!this.#isOver) {
      const number = puts.next;
      await this.#note(puts, () => store.put(`${puts.name}/${number % KEYS}`, String(number)));
      if (number % 4 !== 0) continue;
      await this.#note(counts, () =>
        store
          .update(counts.name, (value) => String(numberOf(value) + 1))
          .then((value) => this.#checkCount(counts, value)),
      );
    }
  }

  /** A counter has as many counts as were done. */
  #checkCount(tally: Tally, value: string | undefined): void {
    const least = tally.count("done") + 1;
    const most = least + tally.count("unknown");
    if (Number(value) >= least && Number(value) <= most) return;
    this.faults.push(`${tally.name}: counted to ${value}, expected ${least} to ${most}`);
  }

  async #note(tally: Tally, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
      tally.note("done");
      this.#gaps.acknowledged();
    } catch (error) {
      tally.note(this.#knownOf(error), String(error));
      await sleep(PAUSE_MS);
    }
  }

  #knownOf(error: unknown): Known {
    if (error instanceof StoreError && error.code === "OUTCOME_UNKNOWN") return "unknown";
    if (error instanceof StoreError && error.code === "STORE_UNREACHABLE") return "undone";
    if (error instanceof StoreError && error.code === "TRANSACTION_CONFLICT") {
      this.#conflicts += 1;
      return "undone";
    }
    this.faults.push(`an error that was not expected: ${String(error)}`);
    return "undone";
  }

  /** Moves amounts between accounts. Each move is counted in the same transaction. */
  async #move(i: number): Promise<void> {
    const store = this.#stores[i % this.#stores.length] as AsyncStore;
    const tally = new Tally(`counter/move/${i}`, true);
    this.tallies.push(tally);
    while (!this.#isOver) {
      const [from, to, amount] = [this.#random.below(ACCOUNTS), this.#random.below(ACCOUNTS), this.#random.below(10)];
      await this.#note(tally, () =>
        store.transaction(async (transaction) => {
          const accounts: number[] = [];
          for await (const [, value] of transaction.entries({ prefix: "account/" })) accounts.push(numberOf(value));
          const moved = numberOf(await transaction.get(tally.name)) + 1;
          if (accounts.reduce((sum, each) => sum + each, 0) !== ACCOUNTS * START) {
            this.faults.push(`a transaction saw the accounts ${accounts.join(" ")}`);
          }
          if (from !== to) {
            transaction.put(`account/${from}`, String((accounts[from] ?? 0) - amount));
            transaction.put(`account/${to}`, String((accounts[to] ?? 0) + amount));
          }
          transaction.put(tally.name, String(moved));
        }),
      );
      this.#moved += 1;
      await sleep(this.#random.below(30));
    }
  }

  /** Watches everything, and goes on after an error where it was. */
  async #watch(): Promise<void> {
    const byName = new Map<string, Tally>();
    while (!this.#ending.signal.aborted) {
      try {
        for await (const change of this.#watcher.watch({}, { since: this.#seen, signal: this.#ending.signal })) {
          this.#tell(change.key, change.version, change.value && decoder.decode(change.value), byName);
        }
      } catch (error) {
        if (this.#ending.signal.aborted) return;
        this.#reopened += 1;
        if (!(error instanceof StoreError)) throw error;
        if (error.code === "VERSION_GONE") this.faults.push(`the watch: ${error.message}`);
        await sleep(PAUSE_MS);
      }
    }
  }

  #tell(key: string, version: number, value: string | undefined, byName: Map<string, Tally>): void {
    const before = this.#state.get(key);
    if (before && before.version >= version)
      this.faults.push(`${key}: the watch told ${version} after ${before.version}`);
    if (version < this.#seen) this.faults.push(`the watch told ${version} after ${this.#seen}`);
    this.#seen = version;
    this.#changes += 1;
    if (value === undefined) {
      this.faults.push(`${key}: the watch told a deletion`);
      return;
    }
    this.#state.set(key, { version, value });
    const name = key.startsWith("writer/") ? key.replace(/\/\d+$/, "") : key;
    if (!name.startsWith("writer/") && !name.startsWith("counter/")) return;
    let tally = byName.get(name);
    if (!tally) {
      tally = this.tallies.find((each) => each.name === name);
      if (tally) byName.set(name, tally);
    }
    tally?.saw(Number(value));
  }
}

/** The same result. Rejects if it does not come in time. */
async function inTime<T>(result: Promise<T>, problem: string): Promise<T> {
  const ending = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: ending.signal }).then(() => {
    throw new Error(`A call hangs: ${problem}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([result, late]);
  } finally {
    ending.abort();
  }
}
