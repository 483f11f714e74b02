/**
 * What a client does from time to time: it tells the server which version it holds, and removes what nobody needs.
 *
 * @module
 */

import { clearTimeout, setTimeout, type Timer } from "../../clock.ts";
import { firstIdAt, newId } from "./commit_ids.ts";
import type { Connection } from "./connection.ts";
import type { Holds } from "./holds.ts";
import type { Statements } from "./sql.ts";
import { bigint, bytea, TYPE } from "./values.ts";

const DAY_MS = 24 * 3_600_000;

/** How often it happens, in milliseconds, and how much is removed in one step, and in how many steps. */
const EVERY_MS = 5000;
const REMOVED_A_STEP = 1000;
const STEPS_IN_A_ROW = 200;
/** A hold is valid for so many times that long, unless the history is longer. */
const TIMES_HELD = 12;

/** What it needs. */
export interface UpkeepParts {
  readonly connection: Connection;
  readonly statements: Statements;
  readonly holds: Holds;
  /** For how long the server keeps everything, in milliseconds. */
  readonly history: number;
  readonly now: () => number;
}

/** See the module. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  /** The row of this client among the holds. */
  readonly #holder: Uint8Array;
  #timer: Timer | undefined;
  #isClosed = false;
  #running: Promise<void> = Promise.resolve();
  failures = 0;
  lastFailure: unknown;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    this.#holder = newId(parts.now());
    this.#plan();
  }

  /** Tells the server which version this client holds, and for how long. */
  async renew(): Promise<void> {
    const { connection, statements, holds, history, now } = this.#parts;
    if (holds.oldest === undefined) return;
    const until = now() + Math.max(history, TIMES_HELD * EVERY_MS);
    await connection.query("keep a version", statements.hold, [
      bytea(this.#holder),
      bigint(holds.oldest),
      bigint(until),
    ]);
  }

  /** Removes what nobody needs, in steps. */
  async trim(): Promise<void> {
    const { connection, statements, history, now } = this.#parts;
    for (let step = 0; step < STEPS_IN_A_ROW && !this.#isClosed; step++) {
      const [row] = await connection.query("remove old versions", statements.trim, [
        bytea(firstIdAt(now() - history)),
        bytea(firstIdAt(now() - DAY_MS)),
        bigint(now()),
        { type: TYPE.int, value: String(REMOVED_A_STEP) },
      ]);
      if (row?.r_more !== true) return;
    }
  }

  /** Settles once nothing of it runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #plan(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, EVERY_MS);
    this.#timer.unref();
  }

  /** A failure is counted, and the next time does more. */
  async #run(): Promise<void> {
    try {
      await this.renew();
      await this.trim();
    } catch (error) {
      this.failures += 1;
      this.lastFailure = error;
    }
    if (!this.#isClosed) this.#plan();
  }
}
