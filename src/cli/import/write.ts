/**
 * Writes the rows of an import, a batch at a time.
 *
 * @module
 */

import { setImmediate } from "node:timers/promises";
import { type Store, StoreError } from "../../../mod.ts";
import { encodeForLine, shown } from "../encodings.ts";
import { FailedError, UsageError } from "../exit_codes.ts";
import type { Entry } from "../formats/entries.ts";
import type { Row, Rows } from "./rows.ts";

/** What to do with an entry whose key the store has, or an earlier row had. */
export const CONFLICTS = ["fail", "replace", "skip"] as const;

/** How rows are written. */
export interface WriteOptions {
  /** The most rows of a commit. */
  readonly batch: number;
  readonly onConflict: (typeof CONFLICTS)[number];
  /** How many rows were imported before. */
  readonly skip: number;
  readonly dryRun: boolean;
}

/** What an import did. */
export interface Imported {
  /** How many entries were put. */
  entries: number;
  /** How many rows replaced an entry of the store, or an earlier row. */
  replaced: number;
  /** How many rows were left out: their key existed, or their value is null. */
  skipped: number;
}

/** The most bytes of a commit, not counting its last entry. */
const BATCH_BYTES = 16 * 1024 * 1024;

/** After this many rows the event loop has a turn. */
const TURN_ROWS = 1000;

/** A row of the batch. */
interface Waiting {
  readonly row: Row;
  readonly entry: Entry;
}

/** Writes all rows to `store`; `undefined` for a dry run without a store. Its errors say how many rows were imported. */
export async function writeRows(
  store: Store | undefined,
  rows: Rows,
  options: WriteOptions & { readonly signal: AbortSignal },
): Promise<Imported> {
  const writer = new Writer(store, options);
  try {
    for await (const row of rows) {
      options.signal.throwIfAborted();
      await writer.add(row);
    }
    await writer.finish();
    return writer.imported;
  } catch (error) {
    throw withPosition(error, writer.rows, options);
  }
}

class Writer {
  readonly imported: Imported = { entries: 0, replaced: 0, skipped: 0 };
  /** How many rows are imported, with those before this import. */
  rows: number;
  readonly #store: Store | undefined;
  readonly #options: WriteOptions & { readonly signal: AbortSignal };
  #waiting: Waiting[] = [];
  #bytes = 0;
  #read = 0;
  #empty = 0;

  constructor(store: Store | undefined, options: WriteOptions & { readonly signal: AbortSignal }) {
    this.#store = store;
    this.#options = options;
    // An import that ends among the rows of --skip goes on after all of them.
    this.rows = options.skip;
  }

  async add(row: Row): Promise<void> {
    this.#read += 1;
    // A source that never waits, such as SQLite, would let no signal through.
    if (this.#read % TURN_ROWS === 0) await setImmediate();
    if (this.#read <= this.#options.skip) return;
    const entry = row.toEntry();
    if (entry === undefined) this.#empty += 1;
    else {
      this.#waiting.push({ row, entry });
      this.#bytes += entry.key.length + entry.value.length;
    }
    const isFull = this.#waiting.length + this.#empty >= this.#options.batch || this.#bytes >= BATCH_BYTES;
    if (isFull) await this.#commit();
  }

  async finish(): Promise<void> {
    const { skip } = this.#options;
    if (this.#read < skip) {
      this.rows = this.#read;
      throw new UsageError(`Wrong --skip ${skip}: expected at most ${this.#read}, the rows of the source`);
    }
    await this.#commit();
  }

  async #commit(): Promise<void> {
    const { signal, dryRun } = this.#options;
    signal.throwIfAborted();
    const { entries, replaced, skipped } = await this.#resolve();
    if (!dryRun && entries.length > 0) {
      await this.#store?.batch(entries.map(({ key, value }) => ({ type: "put", key, value })));
    }
    this.imported.entries += entries.length;
    this.imported.replaced += replaced;
    this.imported.skipped += skipped + this.#empty;
    this.rows = this.#read;
    this.#waiting = [];
    this.#bytes = this.#empty = 0;
  }

  /** The entries to put. Throws for the first conflict if there must be none. */
  async #resolve(): Promise<{
    readonly entries: readonly Entry[];
    readonly replaced: number;
    readonly skipped: number;
  }> {
    const { onConflict } = this.#options;
    const exist = await this.#store?.hasMany(this.#waiting.map(({ entry }) => entry.key));
    const chosen = new Map<string, Entry>();
    let [replaced, skipped] = [0, 0];
    for (const [i, { row, entry }] of this.#waiting.entries()) {
      const name = Buffer.from(entry.key).toString("latin1");
      if (exist?.[i] || chosen.has(name)) {
        if (onConflict === "fail") throw conflict(row, entry, exist?.[i] ?? false);
        if (onConflict === "replace") replaced += 1;
        else {
          skipped += 1;
          continue;
        }
      }
      chosen.set(name, entry);
    }
    // Of the rows with one key the last replaces those before it.
    return { entries: [...chosen.values()], replaced, skipped };
  }
}

function conflict({ place }: Row, { key }: Entry, isInStore: boolean): FailedError {
  const where = isInStore ? "the store has it, from before or from an earlier row" : "an earlier row has it";
  return new FailedError(
    `${place}: Cannot add the key ${shown(encodeForLine(key, "text"))}: ${where}; expected a new key, or --on-conflict replace or skip`,
  );
}

/** Adds to an error how many rows are imported, and how to go on. */
function withPosition(
  error: unknown,
  rows: number,
  { signal, dryRun }: WriteOptions & { readonly signal: AbortSignal },
): unknown {
  const amount = rows === 1 ? "1 row" : `${rows} rows`;
  const where = dryRun
    ? `nothing was written; ${amount} before ${rows === 1 ? "was" : "were"} right`
    : `${amount} ${rows === 1 ? "was" : "were"} imported before${rows > 0 ? `; --skip ${rows} goes on after them` : ""}`;
  if (signal.aborted) return new Error(where, { cause: error });
  const options = { cause: error };
  if (error instanceof UsageError) return Object.assign(new UsageError(`${error.message}; ${where}`), options);
  if (error instanceof FailedError) return Object.assign(new FailedError(`${error.message}; ${where}`), options);
  if (error instanceof StoreError) return new StoreError(error.code, `${error.message}; ${where}`, options);
  return error;
}
