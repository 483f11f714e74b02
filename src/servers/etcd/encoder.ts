/**
 * Requests of a store as parts of etcd's transactions.
 *
 * @module
 */

import type { StoredOperation } from "../../backend.ts";
import { toBase64 } from "../../base64.ts";
import type { CommitOutcome, CommitRequest, ReadCheck } from "../backend.ts";
import { encodeEntry, MAX_HEADER_BYTES } from "./entry.ts";
import { etcdRange } from "./etcd_range.ts";
import { joined } from "./layout.ts";
import type { Lease, Leases } from "./leases.ts";
import type { Compare, RequestOp } from "./messages.ts";
import type { PieceStore } from "./pieces.ts";
import type { Space } from "./space.ts";

/** A larger value is written in pieces, in bytes. */
const INLINE_BYTES: number = 256 * 1024;
/** A larger value has a transaction of its own, in bytes. */
const SHARED_BYTES: number = 64 * 1024;
/** What etcd adds to each operation, in bytes, roughly. */
const OPERATION_BYTES = 64;

/** How much of requests fits into a transaction. */
export interface TransactionLimits {
  /** Operations, and comparisons. */
  readonly operations: number;
  readonly bytes: number;
}

/** A request, ready for a transaction. */
export interface EncodedRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  /** Bytes of all of it, as etcd counts them, roughly. */
  readonly bytes: number;
  /** The keys that it deletes. */
  readonly deleted: readonly string[];
  /** The values in pieces that it shows. */
  readonly pieces: readonly string[];
  /** The lease under which the pieces were written. */
  readonly lease: Lease | undefined;
  /** The revision since which nothing that it read may have changed. */
  readonly since: number | undefined;
}

/** Whether a request has an outcome without being sent. */
export function isOutcome(encoded: object | undefined): encoded is CommitOutcome {
  return encoded !== undefined && "state" in encoded;
}

/** Whether requests may share a transaction with this one: it is small, and needs no pieces. */
export function mayShare({ operations, checks, reads }: CommitRequest, most: number): boolean {
  const compared = 2 * checks.length + (reads ? reads.keys.length + reads.ranges.length : 0);
  if (operations.length === 0 || operations.length > most || compared > most) return false;
  return operations.every((operation) => !("change" in operation) && (operation.value?.length ?? 0) <= SHARED_BYTES);
}

/** Encodes the requests of one client. */
export class Encoder {
  readonly #space: Space;
  readonly #leases: Leases;
  readonly #pieces: PieceStore;
  readonly #limits: TransactionLimits;
  readonly #now: () => number;

  constructor(space: Space, leases: Leases, pieces: PieceStore, limits: TransactionLimits, now: () => number) {
    this.#space = space;
    this.#leases = leases;
    this.#pieces = pieces;
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * The parts of a request that writes `operations`, with comparisons of its own; or its outcome, if it cannot be
   * committed. Writes the pieces of large values.
   */
  async encode(
    { reads }: CommitRequest,
    operations: readonly StoredOperation[],
    own: readonly Compare[],
  ): Promise<EncodedRequest | CommitOutcome> {
    const { entries, generation } = this.#space;
    const compared = reads ? this.compareReads(reads) : [];
    if (!compared) return { state: "refused" };
    const compare = fitting([...own, ...compared], this.#limits.operations);
    if (!compare) return failed(tooMany("checks", own.length + compared.length, this.#limits.operations));
    if (operations.length > this.#limits.operations) {
      return failed(tooMany("operations", operations.length, this.#limits.operations));
    }
    const since = reads && generation.revisionOf(reads.since);
    const inPieces = this.#choosePieces(operations);
    if (!inPieces) return failed(tooLarge(operations, this.#limits.bytes));
    const lease = inPieces.size > 0 ? await this.#leases.forCommit(since) : undefined;
    // The transaction took too long.
    if (inPieces.size > 0 && !lease) return { state: "refused" };
    const success: RequestOp[] = [];
    const [deleted, pieces]: [string[], string[]] = [[], []];
    let bytes = compare.length * OPERATION_BYTES;
    const writtenMs = this.#now();
    for (const operation of operations) {
      const { value } = operation;
      const fields = { expiresMs: value ? operation.expiresMs : 0, writtenMs };
      const key = joined(entries, operation.key);
      bytes += operation.key.length + OPERATION_BYTES + (inPieces.has(operation) ? 0 : (value?.length ?? 0));
      let stored: Parameters<typeof encodeEntry>[0] = value;
      if (value && lease && inPieces.has(operation)) {
        stored = await this.#pieces.write(key, value, fields, lease);
        pieces.push(stored.id);
      }
      if (value === undefined) deleted.push(key);
      const owner = await this.#leaseOf(operation);
      success.push({
        request_put: {
          key,
          value: toBase64(encodeEntry(stored, fields)),
          ...(owner && { lease: owner.id }),
          ...(!value && { prev_kv: true }),
        },
      });
    }
    return { compare, success, bytes, deleted, pieces, lease, since };
  }

  /**
   * What a transaction read must not have changed; `undefined` if it read before a restore. Many keys become a few
   * ranges.
   */
  compareReads({ since, keys, ranges }: ReadCheck): Compare[] | undefined {
    const { entries, generation } = this.#space;
    if (since < generation.first || (since === 0 && generation.isRestored)) return undefined;
    const limit = { target: "MOD", result: "LESS", mod_revision: String(generation.revisionOf(since) + 1) } as const;
    const ofKeys = keys.map((key) => ({ key: joined(entries, key), ...limit }));
    const ofRanges = ranges.flatMap((range) => {
      const ends = etcdRange(entries, range);
      return ends ? [{ ...ends, ...limit }] : [];
    });
    return fitting([...ofKeys, ...ofRanges], this.#limits.operations);
  }

  async #leaseOf({ value, expiresMs }: StoredOperation): Promise<Lease | undefined> {
    if (!value) return await this.#leases.forTombstone();
    return expiresMs > 0 ? await this.#leases.forValue(expiresMs - this.#now()) : undefined;
  }

  /** The operations whose values are written in pieces, so that the others fit; `undefined` if they cannot. */
  #choosePieces(operations: readonly StoredOperation[]): Set<StoredOperation> | undefined {
    const chosen = new Set(operations.filter(({ value }) => (value?.length ?? 0) > INLINE_BYTES));
    let bytes = 0;
    for (const operation of operations) {
      bytes += operation.key.length + MAX_HEADER_BYTES + OPERATION_BYTES;
      if (!chosen.has(operation)) bytes += operation.value?.length ?? 0;
    }
    const bySize = operations
      .filter((operation) => !chosen.has(operation))
      .sort((a, b) => (b.value?.length ?? 0) - (a.value?.length ?? 0));
    for (const operation of bySize) {
      if (bytes <= this.#limits.bytes) break;
      chosen.add(operation);
      bytes -= operation.value?.length ?? 0;
    }
    return bytes <= this.#limits.bytes ? chosen : undefined;
  }
}

/**
 * Comparisons that fit into a transaction; `undefined` if they cannot. Keys that were only read are joined to one range
 * from the first to the last: then others may not change the keys between them, either.
 */
function fitting(compare: readonly Compare[], limit: number): Compare[] | undefined {
  if (compare.length <= limit) return [...compare];
  const reads = compare.filter(({ result }) => result === "LESS");
  const others = compare.filter(({ result }) => result !== "LESS");
  const room = limit - others.length;
  if (room < 1 || reads.length === 0) return undefined;
  const sorted = reads
    .map((each) => ({ each, name: atob(each.key) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const joinedReads: Compare[] = [];
  const size = Math.ceil(sorted.length / room);
  for (let start = 0; start < sorted.length; start += size) {
    const part = sorted.slice(start, start + size);
    const ends = part.map(({ each, name }) => (each.range_end === undefined ? `${name}\0` : atob(each.range_end)));
    const [first] = part;
    if (!first) break;
    const end = ends.sort().at(-1) ?? "";
    joinedReads.push({ ...first.each, range_end: btoa(end) });
  }
  return [...others, ...joinedReads];
}

function failed(error: unknown): CommitOutcome {
  return { state: "failed", error };
}

function tooMany(what: string, count: number, limit: number): RangeError {
  return new RangeError(`Cannot commit ${count} ${what}: etcd takes ${limit}. With \`maxOperations\` it may take more`);
}

function tooLarge(operations: readonly StoredOperation[], limit: number): RangeError {
  const bytes = operations.reduce((sum, { key }) => sum + key.length, 0);
  return new RangeError(
    `Cannot commit ${operations.length} keys of ${bytes} bytes: etcd takes ${limit} bytes of keys at once`,
  );
}
