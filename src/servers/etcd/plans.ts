/**
 * Requests of a store as transactions of etcd: by what they expect, or by what they find.
 *
 * @module
 */

import type { StoredOperation, StoredValue } from "../../backend.ts";
import { type CommitOutcome, type CommitRequest, isChange } from "../backend.ts";
import type { EncodedRequest, Encoder } from "./encoder.ts";
import { joined } from "./layout.ts";
import type { Compare } from "./messages.ts";
import type { PieceStore } from "./pieces.ts";
import type { Reads } from "./reads.ts";
import type { Space } from "./space.ts";
import { isLive, storedValue } from "./values.ts";

/** What plans need. */
export interface PlanParts {
  readonly space: Space;
  readonly reads: Reads;
  readonly pieces: PieceStore;
  readonly encoder: Encoder;
  readonly now: () => number;
}

/** Makes the comparisons and operations of requests. It reads, and writes the pieces of large values. */
export class Plans {
  readonly #space: Space;
  readonly #reads: Reads;
  readonly #pieces: PieceStore;
  readonly #encoder: Encoder;
  readonly #now: () => number;

  constructor(parts: PlanParts) {
    this.#space = parts.space;
    this.#reads = parts.reads;
    this.#pieces = parts.pieces;
    this.#encoder = parts.encoder;
    this.#now = parts.now;
  }

  /** A request as if all its keys were as it expects, and had no expiry. `undefined` if that cannot be compared. */
  async optimistic(request: CommitRequest): Promise<EncodedRequest | CommitOutcome | undefined> {
    const { generation, entries } = this.#space;
    const compare: Compare[] = [];
    for (const { key, version } of request.checks) {
      if (version > 0 && version <= generation.first) return undefined;
      const name = joined(entries, key);
      const revision = version === 0 ? 0 : generation.revisionOf(version);
      compare.push({ key: name, target: "MOD", result: "EQUAL", mod_revision: String(revision) });
      if (version > 0) compare.push({ key: name, target: "LEASE", result: "EQUAL", lease: "0" });
    }
    const [only] = request.operations;
    if (only && request.operations.length === 1 && request.checks.length === 0 && isDeletion(only)) {
      const name = joined(entries, only.key);
      compare.push({ key: name, target: "CREATE", result: "GREATER", create_revision: "0" });
      compare.push({ key: name, target: "LEASE", result: "EQUAL", lease: "0" });
    }
    return await this.#encoder.encode(request, request.operations as readonly StoredOperation[], compare);
  }

  /** A request with the comparisons of what its keys are now. */
  async exact(request: CommitRequest): Promise<EncodedRequest | CommitOutcome> {
    const { operations, checks } = request;
    const isSingleDeletion = operations.length === 1 && checks.length === 0 && isDeletion(operations[0]);
    const changed = operations.filter((operation) => isChange(operation) || isSingleDeletion);
    const keys = [...checks, ...changed].map(({ key }) => key);
    const { version, revision, entries } = await this.#reads.find(keys);
    const now = this.#now();
    const compare = keys.map((key, i): Compare => {
      const mod = String(entries[i]?.modRevision ?? 0);
      return { key: joined(this.#space.entries, key), target: "MOD", result: "EQUAL", mod_revision: mod };
    });
    for (const [i, check] of checks.entries()) {
      const entry = entries[i];
      if ((isLive(entry, now) ? entry.version : 0) !== check.version) return { state: "refused" };
    }
    const present = new Map<string, StoredValue | undefined>();
    for (const [i, { key }] of changed.entries()) {
      const value = await storedValue(this.#pieces, entries[checks.length + i], revision, now);
      present.set(joined(this.#space.entries, key), value);
    }
    if (isSingleDeletion && [...present.values()][0] === undefined) return { state: "done", version, existed: 0 };
    const written: StoredOperation[] = [];
    for (const operation of operations) {
      const { key } = operation;
      if (!isChange(operation)) written.push(operation);
      else {
        try {
          const change = operation.change(present.get(joined(this.#space.entries, key)));
          if (change) written.push({ key, ...change });
        } catch (error) {
          return { state: "failed", error };
        }
      }
    }
    return await this.#encoder.encode(request, written, compare);
  }
}

function isDeletion(operation: CommitRequest["operations"][number] | undefined): boolean {
  return operation !== undefined && !isChange(operation) && operation.value === undefined;
}
