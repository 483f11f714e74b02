/**
 * Atomic operations.
 *
 * @module
 */

import { clock } from "../../clock.ts";
import { describe } from "../../encoding.ts";
import { checkEnqueue, checkExpireIn } from "./checks.ts";
import { commitVersionstamp, encodeWritten } from "./keys.ts";
import { BACKOFF_MS, type Message } from "./message.ts";
import type { Arithmetic, Mutation } from "./mutations.ts";
import type {
  AtomicCheck,
  KvCommitError,
  KvCommitResult,
  KvEnqueueOptions,
  KvKey,
  KvMutation,
  KvSetOptions,
} from "./types.ts";
import { KvU64 } from "./u64.ts";
import { encodeValue } from "./values.ts";
import { versionOf } from "./versionstamp.ts";
import type { AtomicWrite, VersionCheck } from "./write.ts";

/** How many bytes a versionstamp takes as a part of a key. */
const SUFFIX_BYTES = 22;

/** Does a write, and returns the versionstamp; `undefined` if a check is not true. */
export type Commit = (write: AtomicWrite) => Promise<string | undefined>;

/** Encodes a part of an operation, when it is committed. */
type Later<T> = () => T;

/**
 * Checks and writes that are done together or not at all. Values are copied by the call that gives them. Keys are
 * checked by `commit`. The mutations of a key are done in their order.
 *
 * @example
 * ```ts
 * import { openKv } from "@luge/luge/kv";
 * import assert from "node:assert/strict";
 *
 * await using kv = await openKv(":memory:");
 * const seat = await kv.get(["seat", 12]);
 * const first = await kv.atomic().check(seat).set(["seat", 12], "Ada").commit();
 * const second = await kv.atomic().check(seat).set(["seat", 12], "Grace").commit();
 * assert.deepEqual([first.ok, second.ok], [true, false]);
 * ```
 */
export class AtomicOperation {
  readonly #commit: Commit;
  readonly #checks: Later<VersionCheck>[] = [];
  readonly #mutations: Later<Mutation>[] = [];
  readonly #messages: Later<Message>[] = [];

  /** @internal */
  constructor(commit: Commit) {
    this.#commit = commit;
  }

  /** Adds checks: the operation is done only if all are true. */
  check(...checks: AtomicCheck[]): this {
    for (const { key, versionstamp } of checks) {
      this.#checks.push(() => ({
        key: encodeWritten(key),
        version: versionstamp === null || versionstamp === undefined ? undefined : versionOf(versionstamp),
      }));
    }
    return this;
  }

  /** Adds mutations. */
  mutate(...mutations: KvMutation[]): this {
    for (const mutation of mutations) this.#mutate(mutation);
    return this;
  }

  /** Adds `n` to the `KvU64` of the key, which wraps around at 2^64. A key without a value counts as 0. */
  sum(key: KvKey, n: bigint): this {
    return this.#calculate("sum", key, encodeValue(new KvU64(n)));
  }

  /** Sets the `KvU64` of the key to `n` if that is less. */
  min(key: KvKey, n: bigint): this {
    return this.#calculate("min", key, encodeValue(new KvU64(n)));
  }

  /** Sets the `KvU64` of the key to `n` if that is more. */
  max(key: KvKey, n: bigint): this {
    return this.#calculate("max", key, encodeValue(new KvU64(n)));
  }

  /** Sets the key. Throws `CloneError`, a `TypeError`, for a value that cannot be cloned. */
  set(key: KvKey, value: unknown, options?: KvSetOptions): this {
    const { expireIn } = options ?? {};
    checkExpireIn(expireIn);
    const bytes = encodeValue(value);
    // luge has no value that expires at once.
    const ttl = expireIn === undefined ? undefined : Math.max(expireIn, 1);
    this.#mutations.push(() => {
      const isSuffixed = Array.isArray(key) && key.at(-1) === commitVersionstamp;
      const encoded = isSuffixed ? encodeWritten(key.slice(0, -1), SUFFIX_BYTES) : encodeWritten(key);
      return { type: "set", key: encoded, value: bytes, ttl, isSuffixed };
    });
    return this;
  }

  /** Removes the key. */
  delete(key: KvKey): this {
    this.#mutations.push(() => ({ type: "delete", key: encodeWritten(key) }));
    return this;
  }

  /** Adds a message to the queue: see {@linkcode Kv.enqueue}. */
  enqueue(value: unknown, options?: KvEnqueueOptions): this {
    const { delay = 0, keysIfUndelivered = [], backoffSchedule } = options ?? {};
    checkEnqueue({ delay, backoffSchedule });
    const payload = encodeValue(value);
    const backoff = [...(backoffSchedule ?? BACKOFF_MS)];
    this.#messages.push(() => ({
      payload,
      dueMs: clock.now() + delay,
      backoff,
      keysIfUndelivered: keysIfUndelivered.map((key) => encodeWritten(key)),
    }));
    return this;
  }

  /**
   * Does the operation. Resolves once it is durable, with `ok: false` if a check was not true. Rejects with `TypeError`
   * for a wrong key or versionstamp, and if a value is not what its mutation needs. Nothing is written then.
   */
  async commit(): Promise<KvCommitResult | KvCommitError> {
    const versionstamp = await this.#commit({
      checks: this.#checks.map((encode) => encode()),
      mutations: this.#mutations.map((encode) => encode()),
      messages: this.#messages.map((encode) => encode()),
    });
    return versionstamp === undefined ? { ok: false } : { ok: true, versionstamp };
  }

  /** Throws `TypeError`: without it, an `await` without `commit()` would do nothing. */
  // biome-ignore lint/suspicious/noThenProperty: Deno has it, for the same reason.
  then(): never {
    throw new TypeError("'AtomicOperation' is not a promise: did you forget to call 'commit()'");
  }

  #mutate(mutation: KvMutation): void {
    switch (mutation.type) {
      case "delete":
        if ((mutation as { value?: unknown }).value) throw new TypeError("Invalid mutation 'delete' with value");
        this.delete(mutation.key);
        return;
      case "set":
      case "sum":
      case "min":
      case "max":
        if (!Object.hasOwn(mutation, "value")) {
          throw new TypeError(`Invalid mutation '${mutation.type}' without value`);
        }
        if (mutation.type === "set") {
          const { key, value, expireIn } = mutation;
          this.set(key, value, typeof expireIn === "number" ? { expireIn } : {});
        } else this.#calculate(mutation.type, mutation.key, encodeValue(mutation.value));
        return;
      default:
        throw new TypeError(`Invalid mutation type: ${describe((mutation as { type: unknown }).type)}`);
    }
  }

  #calculate(type: Arithmetic, key: KvKey, value: Uint8Array): this {
    this.#mutations.push(() => ({ type, key: encodeWritten(key), value }));
    return this;
  }
}

// The build of the package shortens class names.
Object.defineProperty(AtomicOperation, "name", { value: "AtomicOperation" });
