/**
 * The processes of a simulation. Each sees the disk until it dies, which it may do at any call of the disk.
 *
 * @module
 */

import { open, type SharedStore, type SledStoreConfig, StoreError } from "../../../mod.ts";
import type { DirectoryLock, FileSystem } from "../../../src/api/file_system.ts";
import { openShared } from "../../../src/shared/mod.ts";
import type { OwnedSledStore } from "../../../src/shared/owned_store.ts";
import type { SimulatedDisk } from "../simulate/disk.ts";
import type { EnginePool, Lease } from "../simulate/engine_pool.ts";
import type { Control } from "./controls.ts";

/** One shared error: its stack references no history. */
export const POWER_OFF: Error = Object.assign(new Error("EIO: the power is off"), { code: "EIO" });

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const SIZES = { cacheSize: 1024 * 1024, writeBufferSize: 256 * 1024 };
const PREFIX = "/sim-";
const OWN_PART = /^\/sim-\d+(?=\/|$)/;

/** The locks of this thread, as lock.ts has them. */
const LOCKS: Map<string, object> = Reflect.get(globalThis, Symbol.for("luge.directories"));

/** What `stat` says of a directory. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  isDirectory(): boolean;
}

/** What a process needs of its machine. */
export interface Machine {
  readonly disk: SimulatedDisk;
  /** Who has the directory. */
  owner: Process | undefined;
  readonly control: Control;
  /** The directory is free. */
  release(process: Process): void;
  /** The end of a process. */
  kill(process: Process): void;
  /** The end of the machine. */
  crash(): void;
}

/** The death that waits for a process. */
export interface Doom {
  /** How many calls of the disk are left. */
  calls: number;
  /** Whether the last call is done. */
  readonly isAfter: boolean;
  /** Whether the whole machine dies. */
  readonly isOfMachine: boolean;
}

/** The settings of a store. */
export type Settings = Pick<SledStoreConfig, "syncWrites" | "numVersionsToKeep">;

/** See the module. */
export class Process {
  readonly id: number;
  /** Its path of the directory. Each process has another one, so that a call of Node's tells who made it. */
  readonly path: string;
  readonly disk: FileSystem;
  readonly #world: Machine;
  readonly #pool: EnginePool;
  readonly #leases: Lease[] = [];
  readonly #stores: OwnedSledStore[] = [];
  isDead = false;
  /** Whether nothing reaches it. */
  isFrozen = false;
  doom: Doom | undefined;

  constructor(world: Machine, pool: EnginePool, id: number) {
    this.#world = world;
    this.#pool = pool;
    this.id = id;
    this.path = `${PREFIX}${id}/data`;
    this.disk = this.#fenced(() => world.disk, {
      lock: async (): Promise<DirectoryLock> => ({
        held: () => !this.isDead && world.owner === this,
        release: () => world.release(this),
      }),
    });
  }

  /** What tells its directory from those of other processes, and from any on a disk. */
  get identity(): Identity {
    return { dev: -1n, ino: BigInt(this.id), isDirectory: () => true };
  }

  /** It has the directory no more. */
  forgetLock(): void {
    LOCKS.delete(this.#lockName);
  }

  get #lockName(): string {
    const { dev, ino } = this.identity;
    return `${dev}:${ino}`;
  }

  /** Opens the store with others. */
  async join(settings: Settings): Promise<SharedStore> {
    const { path } = this;
    const config = { path, ...SIZES, ...settings };
    // `open` must not take the store for one that is not shared, and end the sharing.
    const stat = (name: string) => (name === `${path}/shared` ? undefined : this.disk.stat(name));
    const fileSystem = changed(this.disk, { stat });
    return await openShared({ open: (owned) => this.#own(owned, fileSystem), config, path, follow: false });
  }

  /** Opens the store alone, as a program without `shared` does. */
  async openAlone(settings: Settings): Promise<OwnedSledStore> {
    return await this.#own({ path: this.path, ...SIZES, ...settings }, this.disk);
  }

  /** Takes an instance of the engine. */
  hold(lease: Lease): void {
    this.#leases.push(lease);
  }

  /** Gives its instances of the engine back. Its stores are closed first: what is collected as garbage asks them. */
  reap(): void {
    for (const store of this.#stores.splice(0)) store.close().catch(() => {});
    for (const lease of this.#leases.splice(0)) lease.release();
  }

  async #own(config: SledStoreConfig, fileSystem: FileSystem): Promise<OwnedSledStore> {
    const world = this.#world;
    if (this.isDead) throw POWER_OFF;
    if (world.owner) throw new StoreError("STORE_LOCKED", "Cannot open: another process has the directory");
    // An engine starts before the store takes the lock. It is taken here: whose engine starts has the directory.
    world.owner = this;
    LOCKS.set(this.#lockName, { held: () => !this.isDead && world.owner === this, fence: { number: 1 } });
    try {
      const store = await open({ ...config, fileSystem, wasm: this.#pool.module, logger: SILENT });
      this.#stores.push(store);
      if (this.isDead) this.reap();
      return world.control.store?.(store) ?? store;
    } catch (error) {
      world.release(this);
      throw error;
    }
  }

  /** A call of the disk. */
  #call<T>(run: () => T): T {
    if (this.isDead) throw POWER_OFF;
    const { doom } = this;
    if (!doom) return run();
    doom.calls -= 1;
    if (doom.calls > 0) return run();
    try {
      if (doom.isAfter) run();
    } finally {
      this.doom = undefined;
      if (doom.isOfMachine) this.#world.crash();
      else this.#world.kill(this);
    }
    throw POWER_OFF;
  }

  /** The same methods, but each is a call of this process. */
  #fenced<T extends object>(target: () => T, own: object): FileSystem {
    const disk = new Proxy(target(), {
      get: (_, name) => {
        const value: unknown = Reflect.get(target(), name, target());
        if (typeof value !== "function") return value;
        return (...values: unknown[]): unknown => {
          const paths = values.map((each) => (typeof each === "string" ? onDisk(each) : each));
          const result: unknown = this.#call(() => value.apply(target(), paths));
          return name === "open" ? this.#fenced(() => result as object, {}) : result;
        };
      },
    });
    return changed(disk as unknown as FileSystem, own);
  }
}

/** The process of a path; `undefined` if the path is none of a simulation. */
export function processOf(path: string): number | undefined {
  return path.startsWith(PREFIX) ? Number.parseInt(path.slice(PREFIX.length), 10) : undefined;
}

/** The path as the disk has it. */
export function onDisk(path: string): string {
  return path.replace(OWN_PART, "");
}

/** The file system with other methods. */
function changed(fileSystem: FileSystem, own: object): FileSystem {
  return new Proxy(fileSystem, {
    get: (target, name) => Reflect.get(name in own ? own : target, name),
  });
}
