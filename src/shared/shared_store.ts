/**
 * A store that several processes use.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { SharedStore } from "../api/shared_store.ts";
import { StoreError } from "../errors.ts";
import { randomName } from "../fs/random.ts";
import { Client } from "./client.ts";
import { join, type Member } from "./join.ts";
import type { Owner } from "./owner.ts";
import { sharedBackup, sharedRestore } from "./shared_copies.ts";
import { SharedPart } from "./shared_part.ts";
import { SharedSpace } from "./shared_space.ts";

/** Opens a store that other processes may have open in the same way. See `open`. */
export async function openShared(member: Omit<Member, "client">): Promise<SharedStore> {
  const { config } = member;
  if (config.readOnly) throw new TypeError("Wrong option 'readOnly': a shared store can be written to");
  if (config.fileSystem !== undefined) {
    throw new TypeError("Wrong option 'shared': only stores on the disk of the runtime can be shared");
  }
  return await StoreOfMany.join(member);
}

/** A {@linkcode SharedStore}. */
class StoreOfMany extends SharedPart implements SharedStore {
  readonly path: string;
  readonly #state: State;
  #closing: Promise<void> | undefined;

  private constructor(client: Client, path: string, state: State) {
    super(client, new SharedSpace());
    this.path = path;
    this.#state = state;
  }

  static async join({ open, config, path }: Omit<Member, "client">): Promise<StoreOfMany> {
    const state: State = { owner: undefined, isClosed: false };
    const member = { open, config, path, client: randomName() };
    let isFirst = true;
    const client = new Client(async (receiver) => {
      // Calls wait, however long the directory is in other hands.
      const later = {
        errorIfExists: false,
        createIfMissing: false,
        signal: undefined,
        waitForLock: Number.POSITIVE_INFINITY,
      };
      const joined = { ...member, config: { ...config, ...(isFirst ? {} : later) } };
      const membership = await join(joined, receiver, () => state.isClosed);
      isFirst = false;
      state.owner = membership.owner;
      if (state.isClosed) await endOwner(membership.owner);
      return membership;
    });
    await client.start();
    return new StoreOfMany(client, path, state);
  }

  get role(): "owner" | "client" {
    return this.client.local ? "owner" : "client";
  }

  backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.open.check("back up");
    return sharedBackup(this.client, options);
  }

  async restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    this.open.check("restore");
    return await sharedRestore(this.client, stream, options);
  }

  /**
   * Ends the use of the store in this process. The owner makes everything durable and releases the directory; then
   * another process becomes the owner.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  protected part(space: SharedSpace): SharedPart {
    return new PartOfShared(this.client, space);
  }

  async #close(): Promise<void> {
    const { client } = this;
    client.isClosing = true;
    await client.drained();
    this.#state.isClosed = true;
    client.close(new StoreError("STORE_CLOSED", "Cannot go on: the store was closed"));
    await client.joined();
    await endOwner(this.#state.owner);
  }
}

async function endOwner(owner: Owner | undefined): Promise<void> {
  await owner?.close();
  await owner?.store.close();
}

/** A part of a shared store: the keys that start with a prefix. */
class PartOfShared extends SharedPart {
  backup(): ReadableStream<Uint8Array<ArrayBuffer>> {
    throw new TypeError("Cannot back up a part of a store: back up the whole store");
  }

  async restore(): Promise<RestoreResult> {
    throw new TypeError("Cannot restore a part of a store: restore the whole store");
  }

  /** Makes its writes durable. The store stays open, and so does the part. */
  async close(): Promise<void> {
    await this.flush();
  }

  protected part(space: SharedSpace): SharedPart {
    return new PartOfShared(this.client, space);
  }
}

/** What a store and its client share. */
interface State {
  owner: Owner | undefined;
  isClosed: boolean;
}
