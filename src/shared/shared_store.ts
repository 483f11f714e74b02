/**
 * A store that several processes use.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import type { RemoteStoreConfig } from "../api/config.ts";
import type { Following, ListenOptions, SharedStore, StoreListener } from "../api/shared_store.ts";
import { StoreError } from "../errors.ts";
import { Client } from "./client.ts";
import { DirectoryPlace } from "./directory_place.ts";
import { Follower } from "./follower.ts";
import { Gateway } from "./gateway.ts";
import type { Member } from "./join.ts";
import type { Place } from "./place.ts";
import { remoteConfig } from "./remote_options.ts";
import { RemotePlace } from "./remote_place.ts";
import { sharedBackup, sharedRestore } from "./shared_copies.ts";
import { SharedPart } from "./shared_part.ts";
import { SharedSpace } from "./shared_space.ts";

/** What `open` passes. */
type Opened = Omit<Member, "client"> & {
  /** Whether this process reads a replica of its own. */
  readonly follow: boolean;
};

/** Opens a store that other processes may have open in the same way. See `open`. */
export async function openShared({ follow, ...member }: Opened): Promise<SharedStore> {
  const { config } = member;
  if (config.readOnly) throw new TypeError("Wrong option 'readOnly': a shared store can be written to");
  if (config.fileSystem !== undefined) {
    throw new TypeError("Wrong option 'shared': only stores on the disk of the runtime can be shared");
  }
  const store = await StoreOfMany.join(new DirectoryPlace(member));
  if (follow) await store.follow(member);
  return store;
}

/** Opens a store that another machine serves. See `open`. */
export async function openRemote(config: string | URL | RemoteStoreConfig): Promise<SharedStore> {
  return await StoreOfMany.join(new RemotePlace(remoteConfig(config)));
}

/** A {@linkcode SharedStore}. */
class StoreOfMany extends SharedPart implements SharedStore {
  readonly #place: Place;
  readonly #gateways: Set<Gateway> = new Set();
  #closing: Promise<void> | undefined;
  #follower: Follower | undefined;

  private constructor(client: Client, place: Place) {
    super(client, new SharedSpace());
    this.#place = place;
  }

  static async join(place: Place): Promise<StoreOfMany> {
    const client: Client = new Client((receiver) => place.join(receiver, client));
    await client.start();
    return new StoreOfMany(client, place);
  }

  get path(): string {
    return this.#place.path;
  }

  /** Reads a replica from now on. Closes the store, and rejects, if there cannot be one. */
  async follow(member: Omit<Member, "client">): Promise<void> {
    this.#follower = new Follower(this.client, member);
    try {
      await this.#follower.start(member.config.signal);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get role(): "owner" | "client" | "follower" {
    if (this.client.local) return "owner";
    return this.#follower?.store ? "follower" : "client";
  }

  get following(): Following | undefined {
    return this.client.local ? undefined : this.#follower?.following;
  }

  backup(options?: BackupOptions): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.open.check("back up");
    return sharedBackup(this.client, options);
  }

  async restore(stream: ReadableStream<Uint8Array>, options?: RestoreOptions): Promise<RestoreResult> {
    this.open.check("restore");
    return await sharedRestore(this.client, stream, options);
  }

  async listen(options: ListenOptions): Promise<StoreListener> {
    this.open.check("listen");
    const { logger } = this.#place;
    if (!logger) {
      throw new TypeError(`Cannot listen: '${this.path}' is on another machine: listen in a process there`);
    }
    const gateway = await Gateway.listen(this.path, options, logger.warn);
    this.#gateways.add(gateway);
    gateway.closed.then(() => this.#gateways.delete(gateway));
    // The store may have been closed meanwhile.
    if (this.#closing) await gateway.close();
    this.open.check("listen");
    return gateway;
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
    await Promise.all([...this.#gateways].map((gateway) => gateway.close()));
    await client.drained();
    await this.#follower?.close();
    this.#place.leave();
    client.close(new StoreError("STORE_CLOSED", "Cannot go on: the store was closed"));
    await client.joined();
    await this.#place.end();
  }
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
