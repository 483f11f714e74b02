/**
 * Keeps documents of Yjs, with the methods of y-leveldb. An update is durable when `storeUpdate` resolves.
 *
 * ```ts no-run
 * const persistence = new YjsPersistence(await open("data/documents"));
 * const document = await persistence.getYDoc("page");
 * document.on("update", (update) => persistence.storeUpdate("page", update));
 * ```
 *
 * In a project of your own, import from "@luge/luge" and "@luge/luge/keys".
 *
 * @module
 */

import * as Y from "yjs";
import type { Codec, Store, View } from "../mod.ts";
import { type Tuple, tupleKey } from "../src/keys/mod.ts";

/** A document has about as many updates at most. Then their sum replaces them. */
const MOST_UPDATES = 500;

const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value.slice() };

/** Documents in a store, or in a part of one: `store.view({ prefix: "documents/" })`. */
export class YjsPersistence {
  readonly #store: Store;
  /** `[name, id]`: an update. Updates may be applied in any order, so an id need not say when. */
  readonly #updates: View<Uint8Array, Tuple>;
  readonly #vectors: View<Uint8Array, Tuple>;
  /** About how many updates of a document are stored. */
  readonly #counts = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
    this.#updates = store.view({ prefix: "update/", key: tupleKey, value: bytes });
    this.#vectors = store.view({ prefix: "vector/", key: tupleKey, value: bytes });
  }

  /** Adds an update of a document. */
  async storeUpdate(name: string, update: Uint8Array): Promise<void> {
    if (!this.#counts.has(name)) {
      this.#counts.set(name, 0);
      // Those of earlier programs count, too.
      this.#count(name, await this.#updates.count({ prefix: [name] }));
    }
    await this.#updates.put([name, crypto.randomUUID()], update);
    if (this.#count(name, 1) < MOST_UPDATES) return;
    this.#counts.set(name, 1);
    await this.flushDocument(name);
  }

  #count(name: string, more: number): number {
    const count = (this.#counts.get(name) ?? 0) + more;
    this.#counts.set(name, count);
    return count;
  }

  /** A new document with all stored updates. */
  async getYDoc(name: string): Promise<Y.Doc> {
    const document = new Y.Doc();
    const update = Y.mergeUpdates([EMPTY, ...(await this.#updates.values({ prefix: [name] }).toArray())]);
    Y.applyUpdate(document, update);
    return document;
  }

  /** What a document has, for a peer that asks. That of the last flush, if nothing came after it. */
  async getStateVector(name: string): Promise<Uint8Array> {
    const stored = await this.#vectors.get([name]);
    if (stored && (await this.#updates.count({ prefix: [name] })) <= 1) return stored;
    return await this.flushDocument(name);
  }

  /** The updates that a peer with this state vector lacks, as one. */
  async getDiff(name: string, stateVector: Uint8Array): Promise<Uint8Array> {
    return Y.encodeStateAsUpdate(await this.getYDoc(name), stateVector);
  }

  /**
   * Replaces the stored updates of a document by their sum, in one commit, and returns its state vector. An update that
   * another call stores meanwhile stays.
   */
  async flushDocument(name: string): Promise<Uint8Array> {
    const stored = await this.#updates.entries({ prefix: [name] }).toArray();
    const document = new Y.Doc();
    Y.applyUpdate(document, Y.mergeUpdates([EMPTY, ...stored.map(([, update]) => update)]));
    const vector = Y.encodeStateVector(document);
    if (stored.length === 0) return vector;
    await this.#store.transaction(async (tx) => {
      const updates = tx.view(this.#updates);
      for (const [key] of stored) {
        // Another call flushed or cleared the document meanwhile: what it did stays.
        if (!(await updates.has(key))) return;
        updates.delete(key);
      }
      updates.put([name, crypto.randomUUID()], Y.encodeStateAsUpdate(document));
      tx.view(this.#vectors).put([name], vector);
    });
    return vector;
  }

  /** Removes a document. */
  async clearDocument(name: string): Promise<void> {
    this.#counts.delete(name);
    await this.#store.transaction(async (tx) => {
      const updates = tx.view(this.#updates);
      for await (const key of updates.keys({ prefix: [name] })) updates.delete(key);
      tx.view(this.#vectors).delete([name]);
    });
  }

  /** The names of all documents. */
  async getAllDocNames(): Promise<string[]> {
    const names = new Set<string>();
    for await (const [name] of this.#updates.keys()) names.add(name as string);
    return [...names];
  }
}

const EMPTY = Y.encodeStateAsUpdate(new Y.Doc());
