/**
 * PostgreSQL as a backend of a store.
 *
 * @module
 */

import { exactly, type StoredValue, type StoredVersion } from "../../backend.ts";
import { type ByteRange, LARGEST_PAGE_BYTES } from "../../byte_range.ts";
import { nameOf } from "../../bytes.ts";
import { clock } from "../../clock.ts";
import { MAX_VALUE_BYTES } from "../../limits.ts";
import type {
  AsyncBackend,
  BackendFigures,
  BackendLimits,
  ChangedPage,
  CommitOutcome,
  CommitRequest,
  HeldVersion,
  RestoredVersions,
  RestoreSink,
  ScannedPage,
  ScannedRange,
  SummedPage,
} from "../backend.ts";
import { newId } from "./commit_ids.ts";
import { commitGroup, highEnd, lowEnd } from "./commits.ts";
import type { Connection, Row } from "./connection.ts";
import { Holds } from "./holds.ts";
import { News } from "./news.ts";
import { changedPage, checkKept, entryOf, plainPage, scannedPage, visitsOf } from "./pages.ts";
import { beginRestore } from "./restores.ts";
import { COUNT_VISITS, LARGE_BYTES, PAGE_VISITS, type Statements } from "./sql.ts";
import { Upkeep } from "./upkeep.ts";
import { bigint, bytea, byteaArray, type Parameter, TYPE } from "./values.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * A key of an index has at most a third of a page of 8 KiB. A text of the driver has at most 512 MiB, and bytes take two
 * characters each.
 */
export const POSTGRES_LIMITS: BackendLimits = {
  keyBytes: 2600,
  valueBytes: MAX_VALUE_BYTES,
  operations: 1_000_000,
  commitBytes: 128 * 1024 * 1024,
  groupRequests: 2000,
  groupOperations: 5000,
  groupBytes: 4 * 1024 * 1024,
  writesKeysOnce: false,
};

/** What a backend is made of. */
export interface PostgresParts {
  readonly connection: Connection;
  readonly statements: Statements;
  readonly versionsToKeep: number;
  /** For how long the server keeps everything, in milliseconds. */
  readonly history: number;
  readonly pollInterval: number;
  /** How far the clock of the server is ahead of the one of this machine, in milliseconds. */
  readonly ahead: number;
}

/** See the module. */
export class PostgresBackend implements AsyncBackend {
  readonly name = "PostgreSQL";
  readonly limits: BackendLimits = POSTGRES_LIMITS;
  readonly versionsToKeep: number;
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #ahead: number;
  readonly #news: News;
  readonly #holds: Holds;
  readonly #upkeep: Upkeep;
  #recovered = 0;
  /** Whether the newest page had large values. The next one probably has some, too. */
  #hasLarge = false;
  /** The newest version at which a page had rows that are newer. Later pages of that walk probably have some, too. */
  #overtaken: number | undefined;

  constructor({ connection, statements, versionsToKeep, history, pollInterval, ahead }: PostgresParts) {
    this.#connection = connection;
    this.#statements = statements;
    this.versionsToKeep = versionsToKeep;
    this.#ahead = ahead;
    this.#news = new News(() => this.newest(), pollInterval);
    this.#holds = new Holds(history);
    const now = () => this.now();
    this.#upkeep = new Upkeep({ connection, statements, history, now, holds: this.#holds });
  }

  now(): number {
    return clock.now() + this.#ahead;
  }

  async newest(): Promise<number> {
    const [row] = await this.#connection.query("ask for the version", this.#statements.newest);
    return this.#saw(Number(row?.version));
  }

  async read(keys: readonly Uint8Array[], version?: number): Promise<readonly (StoredValue | undefined)[]> {
    if (keys.length === 0) return [];
    const { one, many, manyAt } = this.#statements;
    if (version !== undefined) {
      const rows = await this.#query(manyAt, [byteaArray(keys), bigint(version)]);
      checkKept(rows[0]?.kept, version);
      return this.#valuesOf(keys, rows);
    }
    if (keys.length > 1) return this.#valuesOf(keys, await this.#query(many, [byteaArray(keys)]));
    const [row] = await this.#query(one, [bytea(keys[0])]);
    return [row && entryOf(row, this.now())];
  }

  async scan(range: ScannedRange): Promise<ScannedPage> {
    const page = (await this.#plainScan(range)) ?? (await this.#exactScan(range));
    if (range.version === undefined) this.#saw(page.version);
    return page;
  }

  /** A page by the statement that costs little; `undefined` if the page needs the other one. */
  async #plainScan(range: ScannedRange): Promise<ScannedPage | undefined> {
    const { version, changedSince } = range;
    const isOvertaken = version !== undefined && version === this.#overtaken;
    if (changedSince !== undefined || isOvertaken || (this.#hasLarge && !range.keysOnly)) return undefined;
    const visits = visitsOf(range);
    const { plainScan, plainScanKeys } = this.#statements;
    const text = (range.keysOnly ? plainScanKeys : plainScan)[range.reverse ? "desc" : "asc"];
    const rows = await this.#query(text, [...ends(range), bigint(visits)]);
    const { page, isNewer, hasLarge } = plainPage(rows, range, visits, this.now());
    if (hasLarge) this.#hasLarge = true;
    if (isNewer) this.#overtaken = version;
    return page;
  }

  /** A page by the statement that counts bytes, and looks for older versions. */
  async #exactScan(range: ScannedRange): Promise<ScannedPage> {
    const { version, reverse, keysOnly, pageBytes = LARGEST_PAGE_BYTES } = range;
    const visits = range.changedSince === undefined ? visitsOf(range) : PAGE_VISITS;
    const { scan, scanAt } = this.#statements;
    const parameters = [
      ...ends(range),
      bigint(visits),
      bigint(pageBytes),
      bigint(this.now()),
      { type: TYPE.bool, value: keysOnly === true },
      ...(version === undefined ? [] : [bigint(version)]),
    ];
    const texts = version === undefined ? scan : scanAt;
    const page = scannedPage(await this.#query(texts[reverse ? "desc" : "asc"], parameters), range, visits);
    if (!keysOnly) this.#hasLarge = page.entries.some(({ value }) => value && value.length > LARGE_BYTES);
    return page;
  }

  async count(range: ByteRange): Promise<SummedPage> {
    const { version, limit } = range;
    const { count, countAt } = this.#statements;
    const parameters = [...ends(range), bigint(COUNT_VISITS), bigint(this.now())];
    const rows =
      version === undefined
        ? await this.#query(count, parameters)
        : await this.#query(countAt, [...parameters, bigint(version)]);
    const page = this.#summed(rows, version);
    return limit !== undefined && page.sum >= limit ? { ...page, sum: limit, last: undefined } : page;
  }

  async size(range: ByteRange): Promise<SummedPage> {
    const rows = await this.#query(this.#statements.size, [...ends(range), bigint(COUNT_VISITS)]);
    return this.#summed(rows, undefined);
  }

  async versions(key: Uint8Array): Promise<readonly StoredVersion[]> {
    const rows = await this.#query(this.#statements.versions, [bytea(key)]);
    const now = this.now();
    return rows.map((row) => ({
      version: Number(row.version),
      expiresMs: Number(row.expires),
      value: entryOf(row, now)?.value,
      written: row.written === null ? undefined : exactly(Number(row.written)),
    }));
  }

  async commit(group: readonly CommitRequest[]): Promise<readonly CommitOutcome[]> {
    const outcomes = await commitGroup(
      {
        connection: this.#connection,
        statements: this.#statements,
        now: () => this.now(),
        recovered: () => {
          this.#recovered += 1;
        },
      },
      group,
    );
    for (const outcome of outcomes) if (outcome.state === "done") this.#saw(outcome.version);
    return outcomes;
  }

  async changes(range: ByteRange, since: number, after: Uint8Array | undefined): Promise<ChangedPage> {
    const rows = await this.#connection.query("watch", this.#statements.changes, [
      bigint(since + 1),
      bytea(after ?? NOTHING),
      ...ends(range),
      bigint(PAGE_VISITS),
      bigint(LARGEST_PAGE_BYTES),
      bigint(this.now()),
    ]);
    return changedPage(rows, since, PAGE_VISITS);
  }

  async news(version: number, signal: AbortSignal): Promise<void> {
    await this.#news.after(version, signal);
  }

  async hold(version?: number): Promise<HeldVersion> {
    if (version !== undefined && this.#holds.isFresh(version)) return this.#holds.hold(version);
    const [row] = await this.#connection.query("keep a version", this.#statements.newest);
    const newest = this.#saw(Number(row?.version));
    const held = this.#holds.hold(version ?? newest);
    try {
      if (version === undefined || version === newest) return held;
      if (version > newest) {
        throw new RangeError(`Wrong option 'version': expected a version from 0 to ${newest}, got ${version}`);
      }
      await this.#upkeep.renew();
      const [after] = await this.#connection.query("keep a version", this.#statements.newest);
      checkKept(after?.kept, version);
      return held;
    } catch (error) {
      held.release();
      throw error;
    }
  }

  async restore(versions: RestoredVersions): Promise<RestoreSink> {
    const parts = { connection: this.#connection, statements: this.#statements, id: newId(this.now()) };
    return await beginRestore(parts, versions);
  }

  figures(): BackendFigures {
    const { calls, retries } = this.#connection;
    return {
      calls,
      retries,
      recovered: this.#recovered,
      failedTrims: this.#upkeep.failures,
      lastFailure: this.#upkeep.lastFailure,
    };
  }

  async close(): Promise<void> {
    await this.#upkeep.close();
    await this.#connection.close();
  }

  #summed([row = {}]: readonly Row[], version: number | undefined): SummedPage {
    if (version !== undefined) checkKept(row.kept, version);
    const last = (row.last ?? undefined) as Uint8Array | undefined;
    return { version: version ?? this.#saw(Number(row.version)), sum: Number(row.sum), last };
  }

  #valuesOf(keys: readonly Uint8Array[], rows: readonly Row[]): (StoredValue | undefined)[] {
    const now = this.now();
    const found = new Map(rows.map((row) => [nameOf(row.key as Uint8Array), entryOf(row, now)]));
    return keys.map((key) => found.get(nameOf(key)));
  }

  #saw(version: number): number {
    this.#news.saw(version);
    this.#holds.saw(version);
    return version;
  }

  async #query(text: string, parameters: readonly Parameter[]): Promise<readonly Row[]> {
    return await this.#connection.query("read", text, parameters);
  }
}

function ends({ lower, lowerIncluded, upper, upperIncluded }: ByteRange): Parameter[] {
  return [bytea(lowEnd(lower, lowerIncluded)), bytea(highEnd(upper, upperIncluded))];
}
