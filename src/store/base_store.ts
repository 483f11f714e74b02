/**
 * A whole store over a backend.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { Key } from "../api/keys.ts";
import type { Store } from "../api/store.ts";
import type { View, ViewOptions } from "../api/view.ts";
import { KeySpace } from "../key_space.ts";
import { backupStream } from "./backup.ts";
import { Commits } from "./commits.ts";
import type { StoreCore } from "./core.ts";
import { KeyedStore } from "./keyed_store.ts";
import type { OpenStore } from "./open_store.ts";
import { Restores } from "./restore.ts";
import { viewOf } from "./store_part.ts";

/**
 * A {@linkcode Store} over a {@linkcode Backend}.
 *
 * @internal
 */
export abstract class BaseStore extends KeyedStore {
  readonly #opened: OpenStore;
  readonly #restores: Restores;
  #closing: Promise<void> | undefined;

  constructor(core: StoreCore) {
    const opened = { core, commits: new Commits(core), space: new KeySpace() };
    super(opened);
    this.#opened = opened;
    this.#restores = new Restores(core, opened.commits);
  }

  view<T, K = Key, P = K>(options: ViewOptions<T, K, P>): View<T, K, P>;
  view(options: { readonly prefix: Key }): Store;
  view<T, K = Key, P = K>(options: ViewOptions<T, K, P> | { readonly prefix: Key }): View<T, K, P> | Store {
    return viewOf(this.#opened, options);
  }

  backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    return backupStream(this.#opened.core, this.#opened.commits, options);
  }

  /**
   * As {@linkcode BaseStore.backup}, of the keys before `end`.
   *
   * @internal
   */
  backupBefore(end: Uint8Array, options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    return backupStream(this.#opened.core, this.#opened.commits, options, end);
  }

  /**
   * What a replica of the store is made with.
   *
   * @internal
   */
  get opened(): OpenStore {
    return this.#opened;
  }

  /**
   * Settles once all commits so far survive the end of the process; `undefined` if they do.
   *
   * @internal
   */
  written(): Promise<void> | undefined {
    return this.#opened.core.run(({ disk }) => disk?.writeOut());
  }

  restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    return this.#restores.restore(stream, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { core, commits } = this.#opened;
    core.beginToClose();
    commits.stop();
    await this.#restores.end();
    await commits.drained();
    await core.close();
  }
}
