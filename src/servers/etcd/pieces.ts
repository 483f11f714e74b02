/**
 * Large values: etcd takes 1.5 MiB in one request, so they lie in pieces, under keys of their own.
 *
 * ```text
 * g<id>            guard, under the lease of the commit: while it exists, the commit may still come
 * q<id>            manifest: the key and the value of the entry that shows the pieces
 * p<id>/<number>   pieces
 * ```
 *
 * All of it is written before the commit. Pieces that no entry shows are removed by {@linkcode PieceStore.sweep}.
 *
 * @module
 */

import { ofBase64, toBase64 } from "../../base64.ts";
import { putAll } from "../../bytes.ts";
import { StoreError } from "../../errors.ts";
import { type EntryFields, encodeEntry, type Pieces } from "./entry.ts";
import type { Lease } from "./leases.ts";
import type { RequestOp } from "./messages.ts";
import { randomHex, type Space } from "./space.ts";

/** Bytes of a piece at most. */
const PIECE_BYTES: number = 1024 * 1024;
const ID_BYTES = 8;
/** How many pieces of a value are on their way together. */
const TOGETHER = 4;
/** How many values one step of a sweep looks at. */
const SWEPT_A_STEP = 50;
const LENGTH_BYTES = 4;

/** The pieces of a store. */
export class PieceStore {
  readonly #space: Space;

  constructor(space: Space) {
    this.#space = space;
  }

  /** Writes a value in pieces. Nobody sees it until the entry is committed under the same lease. */
  async write(entryKey: string, value: Uint8Array, fields: EntryFields, lease: Lease): Promise<Pieces> {
    const { layout, client } = this.#space;
    const pieces: Pieces = { id: randomHex(ID_BYTES), length: value.length };
    const { id } = pieces;
    const key = ofBase64(entryKey);
    const entry = encodeEntry(pieces, fields);
    const manifest = new Uint8Array(LENGTH_BYTES + key.length + entry.length);
    new DataView(manifest.buffer).setUint32(0, key.length);
    putAll([key, entry], manifest, LENGTH_BYTES);
    await this.#space.txn({
      success: [
        { request_put: { key: layout.guard(id), value: "", lease: lease.id } },
        { request_put: { key: layout.manifest(id), value: toBase64(manifest) } },
      ],
    });
    await together(Math.ceil(value.length / PIECE_BYTES), async (i) => {
      const bytes = value.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES);
      await client.call("/v3/kv/put", { key: layout.piece(id, i), value: toBase64(bytes) });
    });
    return pieces;
  }

  /** The value, as it was at a revision at which an entry showed it. */
  async read({ id, length }: Pieces, revision: number): Promise<Uint8Array<ArrayBuffer>> {
    const value = new Uint8Array(length);
    await together(Math.ceil(length / PIECE_BYTES), async (i) => {
      const key = this.#space.layout.piece(id, i);
      const { kvs } = await this.#space.range({ key, revision: String(revision) });
      const piece = ofBase64(kvs?.[0]?.value);
      if (piece.length !== Math.min(PIECE_BYTES, length - i * PIECE_BYTES)) {
        throw new StoreError("STORE_CORRUPT", `Cannot read a value: piece ${i} of '${id}' has ${piece.length} bytes`);
      }
      value.set(piece, i * PIECE_BYTES);
    });
    return value;
  }

  /** Removes pieces whose commit did not come, and will not. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#space.txn({ success: this.#removal(id) });
  }

  /**
   * Looks at the next values in pieces, after `last`, and removes those that no entry shows and no commit can show.
   * Returns where to go on; `undefined` at the end.
   */
  async sweep(last: string | undefined): Promise<string | undefined> {
    const { layout } = this.#space;
    const { key, range_end } = layout.manifests;
    const from =
      last === undefined ? key : toBase64(putAll([ofBase64(last)], new Uint8Array(ofBase64(last).length + 1)));
    const { kvs = [], more } = await this.#space.range({ key: from, range_end, limit: String(SWEPT_A_STEP) });
    for (const kv of kvs) {
      const manifest = ofBase64(kv.value);
      const end = LENGTH_BYTES + new DataView(manifest.buffer).getUint32(0);
      const entryKey = toBase64(manifest.subarray(LENGTH_BYTES, end));
      const id = layout.idOf(ofBase64(kv.key));
      await this.#space.txn({
        compare: [{ key: entryKey, target: "VALUE", result: "EQUAL", value: toBase64(manifest.subarray(end)) }],
        success: [],
        failure: [
          {
            request_txn: {
              compare: [{ key: layout.guard(id), target: "CREATE", result: "EQUAL", create_revision: "0" }],
              success: this.#removal(id),
            },
          },
        ],
      });
    }
    return more ? kvs.at(-1)?.key : undefined;
  }

  #removal(id: string): RequestOp[] {
    const { layout } = this.#space;
    return [
      { request_delete_range: layout.pieces(id) },
      { request_delete_range: { key: layout.manifest(id) } },
      { request_delete_range: { key: layout.guard(id) } },
    ];
  }
}

/** Calls `each` for the numbers below `count`, some at a time. */
export async function together(count: number, each: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async () => {
    while (next < count) {
      next += 1;
      await each(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(TOGETHER, count) }, run));
}
