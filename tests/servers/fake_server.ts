/**
 * A server in memory with several clients, whose answers take as many steps as a test says.
 *
 * @module
 */

import type { StoredValue } from "../../src/backend.ts";
import { nameOf } from "../../src/bytes.ts";
import { clock } from "../../src/clock.ts";
import { onAbort } from "../../src/promises.ts";
import { type AsyncBackend, type BackendLimits, isChange, type ScannedEntry } from "../../src/servers/backend.ts";

/** Limits that tests reach. */
export const LIMITS: BackendLimits = {
  keyBytes: 1000,
  valueBytes: 1000,
  operations: 100,
  commitBytes: 100_000,
  groupRequests: 4,
  groupOperations: 6,
  groupBytes: 1000,
  writesKeysOnce: false,
};

/** What a client of a test changes. */
export interface FakeClient extends AsyncBackend {
  /** How many keys it was asked for. */
  asked: number;
  /** Rejects the next pages of changes. */
  broken: Error | undefined;
  /** Whether nobody answers which version is the newest one. */
  isSilent: boolean;
}

/** See the module. */
export class FakeServer {
  readonly log: ScannedEntry[] = [];
  readonly #values: Map<string, ScannedEntry> = new Map();
  readonly #steps: () => number;
  readonly #waiting: Set<() => void> = new Set();

  /** Each way to or from the server takes so many steps of promises. */
  constructor(steps: () => number = () => 0) {
    this.#steps = steps;
  }

  get version(): number {
    return this.log.at(-1)?.version ?? 0;
  }

  /** Writes at once, as another client does. */
  write(key: Uint8Array, value: string | undefined, expiresMs = 0): void {
    const bytes = value === undefined ? undefined : new TextEncoder().encode(value);
    const entry: ScannedEntry = { key, value: bytes, version: this.version + 1, expiresMs };
    this.log.push(entry);
    this.#values.set(nameOf(key), entry);
    for (const wake of [...this.#waiting]) wake();
  }

  client(): FakeClient {
    const way = async () => {
      for (let left = this.#steps(); left > 0; left--) await undefined;
    };
    const there = async <T>(answer: () => T): Promise<T> => {
      await way();
      const result = answer();
      await way();
      return result;
    };
    const stored = (key: Uint8Array): StoredValue | undefined => {
      const { value, version = 0, expiresMs = 0 } = this.#values.get(nameOf(key)) ?? {};
      return value && { value: value.slice() as StoredValue["value"], version, expiresMs };
    };
    const client: Partial<FakeClient> = {
      name: "a fake",
      limits: LIMITS,
      asked: 0,
      broken: undefined,
      isSilent: false,
      now: () => clock.now(),
      newest: () => (client.isSilent ? new Promise(() => {}) : there(() => this.version)),
      read: (keys) => {
        client.asked = (client.asked ?? 0) + keys.length;
        return there(() => keys.map(stored));
      },
      commit: (group) =>
        there(() =>
          group.map(({ operations }) => {
            for (const each of operations) {
              const made = isChange(each) ? each.change(stored(each.key)) : each;
              if (made) this.write(each.key, made.value && new TextDecoder().decode(made.value), made.expiresMs);
            }
            return { state: "done", version: this.version, existed: 0 };
          }),
        ),
      changes: (_, since) =>
        there(() => {
          if (client.broken) throw client.broken;
          const changes = this.log.filter(({ version }) => version > since).slice(0, 3);
          return { changes, seen: changes.at(-1)?.version ?? since, last: undefined };
        }),
      news: async (version, signal) => {
        if (this.version > version) return;
        await new Promise<void>((resolve, reject) => {
          const wake = () => {
            this.#waiting.delete(wake);
            resolve();
          };
          this.#waiting.add(wake);
          onAbort(signal, () => reject(signal.reason));
        });
      },
      close: async () => {},
    };
    return client as FakeClient;
  }
}
