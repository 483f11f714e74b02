/**
 * Reuses engine instances. A new instance costs ten times as much as opening a store in it, mostly because the
 * operating system must provide the memory.
 *
 * An instance is as good as new if its static data are as they were at the start. The engine never reads old content of
 * its stack below them and of its heap above them. An instance that was left by an error is not reused. A lease blocks
 * calls of earlier users. While a pool is installed, `WebAssembly.instantiate` of its module returns instances of the
 * pool.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { Random } from "../../lib/random.ts";

/** The static data begin here: the linker puts them after a stack of 1 MiB. */
const STATIC_FROM = 1024 * 1024;
const STATIC_TO = 2 * 1024 * 1024;
/** A larger instance is not reused. */
const LARGEST_BYTES = 64 * 1024 * 1024;

type Import = (...values: unknown[]) => unknown;
type Imports = Record<string, Record<string, Import>>;

/** One instance. */
export interface Lease {
  /** After this, no call of the instance is allowed. */
  release(): void;
}

interface Slot {
  readonly instance: WebAssembly.Instance;
  imports: Imports;
  /** Whether an error left one of its calls. Then the stack pointer is wrong, and nobody can read or set it. */
  isTorn: boolean;
}

/** The compiled artefact. */
export function compileEngine(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL("../../../engine/luge_engine.wasm", import.meta.url)));
}

/** The pool, see the module. */
export class EnginePool {
  readonly module: WebAssembly.Module;
  readonly #original = WebAssembly.instantiate;
  readonly #free: Slot[] = [];
  readonly #reuse: boolean;
  #image: Uint8Array | undefined;
  #random: Random = new Random(1);
  /** The instance that was started last. */
  last: Lease = { release: () => {} };
  /** Called with each instance that a store starts. */
  started: (lease: Lease) => void = () => {};

  /** With `reuse` false every instance is a new one. */
  constructor({ reuse = true }: { reuse?: boolean } = {}) {
    this.module = compileEngine();
    this.#reuse = reuse;
  }

  /** Sets the seed of the engine's random numbers. */
  seed(seed: number): void {
    this.#random = new Random(seed);
  }

  /** Replaces `WebAssembly.instantiate`. */
  install(): void {
    const instantiate = async (module: unknown, imports: unknown): Promise<unknown> =>
      module === this.module
        ? this.#start(imports as Imports)
        : await this.#original(module as never, imports as never);
    WebAssembly.instantiate = instantiate as typeof WebAssembly.instantiate;
  }

  /** Restores `WebAssembly.instantiate`. */
  uninstall(): void {
    WebAssembly.instantiate = this.#original;
  }

  #start(imports: Imports): WebAssembly.Instance {
    const { instance, lease } = this.start(imports as unknown as WebAssembly.Imports);
    this.last = lease;
    this.started(lease);
    return instance;
  }

  /** Starts an instance for a worker. */
  start(imports: WebAssembly.Imports): { instance: WebAssembly.Instance; lease: Lease } {
    const slot = this.#free.pop() ?? this.#newSlot();
    slot.imports = imports as unknown as Imports;
    return this.#leaseOf(slot);
  }

  /** A store that was abandoned may still make calls. They must never reach the instance's next user. */
  #leaseOf(slot: Slot): { instance: WebAssembly.Instance; lease: Lease } {
    let isOver = false;
    const guarded = (call: Import): Import => {
      return (...values) => {
        if (isOver) throw new Error("The life of this engine is over");
        try {
          return call(...values);
        } catch (error) {
          slot.isTorn = true;
          throw error;
        }
      };
    };
    // A store whose life is over, such as one with a watch, may still write a request into memory.
    const memory = new Proxy(memoryOf(slot.instance), {
      get: (target, name) => {
        if (isOver) throw new Error("The life of this engine is over");
        return Reflect.get(target, name, target);
      },
    });
    const exports = Object.entries(slot.instance.exports).map(([name, value]) => [
      name,
      typeof value === "function" ? guarded(value as Import) : memory,
    ]);
    const release = () => {
      if (isOver) return;
      isOver = true;
      this.#release(slot);
    };
    return { instance: { exports: Object.fromEntries(exports) }, lease: { release } };
  }

  #newSlot(): Slot {
    const forwarded: Imports = {};
    const slot: Slot = {
      imports: {},
      isTorn: false,
      instance: undefined as unknown as WebAssembly.Instance,
    };
    for (const { module, name } of WebAssembly.Module.imports(this.module)) {
      forwarded[module] ??= {};
      forwarded[module][name] =
        name === "random_get"
          ? (pointer: unknown, length: unknown) => this.#fill(slot, pointer as number, length as number)
          : (...values: unknown[]) => slot.imports[module]?.[name]?.(...values);
    }
    const instance = new WebAssembly.Instance(this.module, forwarded as WebAssembly.Imports);
    this.#image ??= new Uint8Array(memoryOf(instance).buffer).slice(STATIC_FROM, STATIC_TO);
    return Object.assign(slot, { instance });
  }

  #fill({ instance }: Slot, pointer: number, length: number): number {
    new Uint8Array(memoryOf(instance).buffer, pointer, length).set(this.#random.bytes(length));
    return 0;
  }

  #release(slot: Slot): void {
    slot.imports = {};
    // Detaches all views that a store has of the memory.
    memoryOf(slot.instance).grow(0);
    const { buffer } = memoryOf(slot.instance);
    if (!this.#reuse || !this.#image || slot.isTorn || buffer.byteLength > LARGEST_BYTES) return;
    new Uint8Array(buffer).set(this.#image, STATIC_FROM);
    this.#free.push(slot);
  }
}

function memoryOf(instance: WebAssembly.Instance): WebAssembly.Memory {
  return instance.exports.memory as WebAssembly.Memory;
}
