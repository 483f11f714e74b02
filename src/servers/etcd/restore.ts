/**
 * Restores of backups. The entries of a full one lie under a name of their own, where nobody sees them. The end of the
 * restore writes that name into the key `m`, and so makes all of them visible. An increment is one commit.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import { sizeOfAll } from "../../bytes.ts";
import { StoreError } from "../../errors.ts";
import type { RestoredVersions, RestoreSink, ScannedEntry } from "../backend.ts";
import type { Committer } from "./committer.ts";
import type { TransactionLimits } from "./encoder.ts";
import { encodeEntry } from "./entry.ts";
import { afterCommit } from "./errors.ts";
import { etcdRange } from "./etcd_range.ts";
import { joined } from "./layout.ts";
import type { Lease, Leases } from "./leases.ts";
import type { Compare, RequestOp } from "./messages.ts";
import { type PieceStore, together } from "./pieces.ts";
import { randomHex, type Space, textToBase64 } from "./space.ts";

/** A larger value is written in pieces, in bytes. */
const INLINE_BYTES: number = 256 * 1024;
/** What etcd adds to each operation, in bytes, roughly. */
const OPERATION_BYTES = 128;

interface Parts {
  readonly space: Space;
  readonly committer: Committer;
  readonly leases: Leases;
  readonly pieces: PieceStore;
  readonly limits: TransactionLimits;
  readonly now: () => number;
}

/** Begins to restore a backup. Throws `BACKUP_MISMATCH` if it does not fit the store. */
export async function beginRestore(parts: Parts, versions: RestoredVersions): Promise<RestoreSink> {
  const { version } = await parts.space.atNewest(() => []);
  if (versions.from !== version) throw mismatch(versions, version);
  return new EtcdRestore(parts, versions);
}

class EtcdRestore implements RestoreSink {
  readonly #parts: Parts;
  readonly #versions: RestoredVersions;
  /** The name of the new entries; that of the present ones for an increment. */
  readonly #name: string;
  readonly #lease: Promise<Lease | undefined>;
  /** The operations of an increment: they are its commit. */
  readonly #increment: RequestOp[] = [];
  #bytes = 0;

  constructor(parts: Parts, versions: RestoredVersions) {
    this.#parts = parts;
    this.#versions = versions;
    this.#name = versions.from === 0 ? randomHex(6) : parts.space.generation.name;
    this.#lease = parts.leases.forCommit();
  }

  get #prefix(): Uint8Array {
    return this.#parts.space.layout.entries(this.#name);
  }

  async write(entries: readonly ScannedEntry[]): Promise<void> {
    const { space, limits } = this.#parts;
    const isIncrement = this.#versions.from > 0;
    const ops: { readonly op: RequestOp; readonly bytes: number }[] = [];
    for (const entry of entries) {
      // A full backup restores what there is.
      if (!isIncrement && entry.value === undefined) continue;
      ops.push({ op: await this.#operation(entry), bytes: sizeOfAll([entry]) + OPERATION_BYTES });
    }
    if (isIncrement) {
      this.#bytes += ops.reduce((sum, { bytes }) => sum + bytes, 0);
      this.#increment.push(...ops.map(({ op }) => op));
      if (this.#increment.length <= limits.operations && this.#bytes <= limits.bytes) return;
      const what = `an increment of more than ${limits.operations} entries or ${limits.bytes} bytes`;
      throw new StoreError("BACKUP_MISMATCH", `Cannot restore the backup: ${what} is more than one commit of etcd`);
    }
    const parts: RequestOp[][] = [[]];
    let bytes = 0;
    for (const each of ops) {
      if (parts.at(-1)?.length === limits.operations || bytes + each.bytes > limits.bytes) {
        parts.push([]);
        bytes = 0;
      }
      bytes += each.bytes;
      parts.at(-1)?.push(each.op);
    }
    await together(parts.length, async (i) => {
      await space.txn({ success: parts[i] ?? [] });
    });
  }

  async finish(): Promise<void> {
    const { space, committer } = this.#parts;
    const { layout, generation } = space;
    const { from, to } = this.#versions;
    const lease = await this.#lease;
    const clock: Compare =
      from === 0
        ? { key: layout.clock, target: "CREATE", result: "EQUAL", create_revision: "0" }
        : { key: layout.clock, target: "MOD", result: "EQUAL", mod_revision: String(generation.revisionOf(from)) };
    const meta: Compare = {
      key: layout.meta,
      target: "MOD",
      result: "EQUAL",
      mod_revision: String(generation.revision),
    };
    if (from === to) return;
    const value = generation.next(this.#name, to);
    const put = { request_put: { key: layout.meta, value: textToBase64(value) } };
    if (!lease) throw mismatch(this.#versions, undefined);
    const committed = await committer.commit(
      [clock, meta],
      [...this.#increment, put],
      lease,
      generation.nextTag(this.#name),
    );
    if (committed.state !== "done") {
      const { version } = await space.atNewest(() => []);
      throw mismatch(this.#versions, version);
    }
    await afterCommit(space.reload());
  }

  async discard(): Promise<void> {
    if (this.#versions.from > 0) return;
    const all = etcdRange(this.#prefix, {});
    if (all) await this.#parts.space.txn({ success: [{ request_delete_range: all }] });
  }

  async #operation({ key, value, version, expiresMs }: ScannedEntry): Promise<RequestOp> {
    const { leases, pieces, now } = this.#parts;
    const name = joined(this.#prefix, key);
    const owner =
      value === undefined
        ? await leases.forTombstone()
        : expiresMs > 0
          ? await leases.forValue(expiresMs - now())
          : undefined;
    let stored: Parameters<typeof encodeEntry>[0] = value;
    const fields = { expiresMs: value ? expiresMs : 0, version };
    const lease = await this.#lease;
    if (value && value.length > INLINE_BYTES && lease) {
      stored = await pieces.write(name, value, fields, lease);
    }
    const bytes = encodeEntry(stored, fields);
    return { request_put: { key: name, value: toBase64(bytes), ...(owner && { lease: owner.id }) } };
  }
}

function mismatch({ from, to, isIncrement }: RestoredVersions, version: number | undefined): StoreError {
  const is = version === undefined ? "the restore took too long" : `the store is at version ${version}`;
  const what = isIncrement
    ? `it continues version ${from}, and ${is}`
    : `it is a full one, of version ${to}, and the store is not empty: ${is}`;
  return new StoreError("BACKUP_MISMATCH", `Cannot restore the backup: ${what}`);
}
