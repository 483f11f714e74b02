import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultConfig, open, type SledStore } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { checked } from "../exit_codes.ts";
import { integer } from "../options.ts";
import { countText } from "../progress.ts";
import type { Session } from "../session.ts";

interface BenchOptions {
  readonly entries: number;
  readonly valueSize: number;
  readonly directory?: string;
}

/** How many entries are written or read between two looks at the clock. */
const GROUP = 1000;
/** A durable put waits for a sync of the disk. So only one in this many entries is put durably. */
const DURABLE_SHARE = 100;

/** `luge bench`. */
export const bench: CliCommand = command<[], BenchOptions>({
  name: "bench",
  summary: "measure this machine, in a temporary directory",
  details: "One process, keys in random order. The command removes the directory at the end.",
  examples: `
$ luge bench --entries 10000
durable puts, one by one …/s
…
$ luge bench --entries 1000 --json
{"entries":1000,"valueSize":100,"operationsPerSecond":{…}}`,
  standalone: "no place",
  define: (command) => {
    command
      .option("--entries <count>", "how many entries", integer(1), 100_000)
      .option("--value-size <bytes>", "the size of a value", integer(0), 100)
      .option(
        "--directory <directory>",
        "where to make the directory: on the disk to measure (default: the system's temporary directory)",
      );
  },
  run: async (session, _, { entries, valueSize, directory = tmpdir() }) => {
    const path = await mkdtemp(join(directory, "luge-bench-"));
    try {
      await using store = await open(defaultConfig(path));
      const bench = new Bench(session, store, { entries, valueSize });
      await bench.run();
      const operationsPerSecond = Object.fromEntries(bench.rates);
      const lines = [...bench.rates].map(([name, rate]) => `${name.padEnd(24)} ${countText(rate).padStart(12)}/s`);
      await session.result({ entries, valueSize, operationsPerSecond }, lines.join("\n"));
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  },
});

class Bench {
  readonly #session: Session;
  readonly #store: SledStore;
  readonly #entries: number;
  readonly #value: Uint8Array;
  /** Operations per second. */
  readonly rates: Map<string, number> = new Map();

  constructor(session: Session, store: SledStore, { entries, valueSize }: { entries: number; valueSize: number }) {
    this.#session = session;
    this.#store = store;
    this.#entries = entries;
    this.#value = new Uint8Array(valueSize).fill(0x6c);
  }

  async run(): Promise<void> {
    const [store, value, entries] = [this.#store, this.#value, this.#entries];
    checked(() => store.putSync("warm", value));
    const durable = Math.ceil(entries / DURABLE_SHARE);
    await this.#measure("durable puts, one by one", durable, 1, (from) => store.put(keyOf(from), value));
    await this.#measure(`durable puts, ${GROUP} at once`, entries, GROUP, async (from, to) => {
      await Promise.all(Array.from({ length: to - from }, (_, i) => store.put(keyOf(from + i), value)));
    });
    await this.#measure("gets", entries, GROUP, async (from, to) => {
      for (let i = from; i < to; i++) store.getSync(keyOf(i));
    });
    let count = 0;
    const walk = store.entries()[Symbol.iterator]();
    await this.#measure("scanned entries", entries, GROUP, async (from, to) => {
      for (let i = from; i < to && !walk.next().done; i++) count += 1;
    });
    if (count < entries) throw new Error(`Only ${count} of ${entries} entries were scanned`);
  }

  async #measure(
    name: string,
    total: number,
    group: number,
    run: (from: number, to: number) => Promise<unknown>,
  ): Promise<void> {
    const progress = this.#session.progress(name, "entries");
    const started = performance.now();
    try {
      for (let done = 0; done < total; done += group) {
        this.#session.signal.throwIfAborted();
        await run(done, Math.min(done + group, total));
        progress.update(done + group, total);
      }
    } finally {
      progress.stop();
    }
    this.rates.set(name, Math.round((total / (performance.now() - started)) * 1000));
  }
}

/**
 * Keys in an order that looks random and is the same in every run. Multiplication by an odd number permutes the
 * numbers.
 */
function keyOf(i: number): string {
  return `key/${(Math.imul(i, 0x9e3779b1) >>> 0).toString().padStart(10, "0")}`;
}
