/**
 * What each kind of store can do, and what it cannot: the only list. Tests leave out what a kind cannot do because the
 * list says so, `tests/suite/abilities.test.ts` tries each line on each kind, and `tests/docs/abilities.test.ts` compares
 * the table of the guide.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { AsyncStore, Store } from "../../mod.ts";
import { MAX_BATCH_BYTES, MAX_KEY_BYTES } from "../../src/limits.ts";
import { POSTGRES_LIMITS } from "../../src/servers/postgres/backend.ts";

/** The kinds of stores, with the names that the table has. */
export const KINDS = {
  memory: "`MemoryStore`",
  directory: "directory",
  shared: "`luge://`",
  postgres: "PostgreSQL",
  etcd: "etcd",
} as const;

/** A kind of store. */
export type Kind = keyof typeof KINDS;

/** Opens an empty store of a kind, with options that it may refuse. The caller closes it. */
export type OpenKind = (options?: object) => Promise<AsyncStore>;

/** What a kind takes at most. */
export interface Limits {
  /** Bytes of a key. */
  readonly keyBytes: number;
  /** Operations of one commit; `undefined` for no limit but that of bytes. */
  readonly operations: number | undefined;
  /** Bytes of one commit. */
  readonly commitBytes: number;
}

const OWN: Limits = { keyBytes: MAX_KEY_BYTES, operations: undefined, commitBytes: MAX_BATCH_BYTES };

/** The limits of each kind. */
export const LIMITS: Readonly<Record<Kind, Limits>> = {
  memory: OWN,
  directory: OWN,
  shared: OWN,
  postgres: POSTGRES_LIMITS,
  etcd: { ...OWN, operations: 120 },
};

/** Something that not all kinds can do. */
export interface Ability {
  /** The first column of the table. */
  readonly what: string;
  /** For each kind that cannot do it, what the table says, and the error that says so. */
  readonly cannot: Readonly<Partial<Record<Kind, { readonly instead: string; readonly error: RegExp }>>>;
  /** Does it. Rejects if the kind cannot. */
  readonly try: (open: OpenKind) => Promise<unknown>;
}

/** Tries something on an open store. */
function on(use: (store: AsyncStore) => unknown): Ability["try"] {
  return async (open) => {
    await using store = await open();
    await use(store);
  };
}

const NO = "no";
const NOT_OWNER = { instead: "only in its owner", error: /another process owns the store/ };
const NOT_THERE = { instead: NO, error: /is not a function/ };
const BLOCKS = { instead: NO, error: /no calls that block/ };
const ASKS_FIRST = { instead: "after the first read", error: /await a read first/ };
const IS_BUSY = { instead: "`STORE_BUSY`", error: /snapshot/ };
const NO_CACHE = { instead: "no: it has its own", error: /Unknown option 'cache'/ };

/** The names of what some kind cannot do. */
export type AbilityName =
  | "blockingCalls"
  | "metrics"
  | "compact"
  | "snapshotVersion"
  | "numVersionsToKeep"
  | "silentRefusals"
  | "highKeys"
  | "restoreBesideSnapshot"
  | "cache";

/** All that some kind cannot do, by name. */
export const ABILITIES: Readonly<Record<AbilityName, Ability>> = {
  blockingCalls: {
    what: "`getSync`, `for … of`",
    cannot: { shared: NOT_OWNER, postgres: BLOCKS, etcd: BLOCKS },
    try: on((store) => {
      (store as Store).getSync("key");
      assert.deepEqual([...(store as Store).keys()], []);
    }),
  },
  metrics: {
    what: "`metrics`, `latencies`",
    cannot: { shared: NOT_OWNER, postgres: NOT_THERE, etcd: NOT_THERE },
    try: on((store) => [(store as Store).metrics(), (store as Store).latencies()]),
  },
  compact: {
    what: "`compact`, `verify`",
    cannot: { postgres: NOT_THERE, etcd: NOT_THERE },
    try: on(async (store) => [await (store as Store).compact(), await (store as Store).verify()]),
  },
  snapshotVersion: {
    what: "`snapshot().version`",
    cannot: { shared: ASKS_FIRST, postgres: ASKS_FIRST, etcd: ASKS_FIRST },
    try: on((store) => {
      using snapshot = store.snapshot();
      assert.equal(snapshot.version, store.version);
    }),
  },
  numVersionsToKeep: {
    what: "`numVersionsToKeep`",
    cannot: { etcd: { instead: "all, until a compaction", error: /Unknown option 'numVersionsToKeep'/ } },
    try: async (open) => {
      await using store = await open({ numVersionsToKeep: 2 });
      for (const value of ["1", "2"]) await store.put("key", value);
      assert.equal((await store.versions("key")).length, 2);
    },
  },
  silentRefusals: {
    what: "a refused conditional write makes no version",
    cannot: { shared: { instead: "it makes one", error: /made a version/ } },
    try: on(async (store) => {
      await store.put("key", "1");
      const before = store.version;
      assert.equal(await store.compareAndSet("key", undefined, "2"), false);
      await store.put("key", "2");
      const [newest] = await store.versions("key");
      // Others may use the versions of etcd, too. Nobody does in this test.
      if (newest?.version !== before + 1) throw new Error("the refused write made a version");
    }),
  },
  highKeys: {
    what: "keys that begin with 16 bytes ff",
    cannot: { shared: { instead: NO, error: /begins with 16 bytes ff/ } },
    try: on((store) => store.put(new Uint8Array(16).fill(255), "1")),
  },
  restoreBesideSnapshot: {
    what: "`restore` while a snapshot is open",
    cannot: { memory: IS_BUSY, directory: IS_BUSY, shared: IS_BUSY },
    try: async (open) => {
      let backup: ReadableStream<Uint8Array>;
      {
        await using source = await open();
        await source.put("key", "1");
        const pieces: Uint8Array[] = [];
        for await (const piece of source.backup()) pieces.push(piece);
        backup = new ReadableStream({
          start: (controller) => {
            for (const piece of pieces) controller.enqueue(piece);
            controller.close();
          },
        });
      }
      await using store = await open();
      using snapshot = store.snapshot();
      await snapshot.get("key");
      await store.restore(backup);
      assert.equal(await store.count(), 1);
    },
  },
  cache: {
    what: "`cache: { maxBytes }`",
    cannot: { memory: { ...NO_CACHE, instead: NO }, directory: NO_CACHE, shared: { ...NO_CACHE, instead: NO } },
    try: async (open) => {
      await using store = await open({ cache: { maxBytes: 10_000 } });
      assert.equal(await store.get("key"), undefined);
    },
  },
};

/** Whether a kind can do something. */
export function can(kind: Kind, ability: AbilityName): boolean {
  return !(kind in ABILITIES[ability].cannot);
}

/** The table of the guide: each line ends with a line feed. */
export function tableOfAbilities(): string {
  const kinds = Object.keys(KINDS) as Kind[];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const number = (amount: number | undefined) => amount?.toLocaleString("en") ?? "no limit";
  const mebibytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
  const rows = Object.values(ABILITIES).map(({ what, cannot }) =>
    line([what, ...kinds.map((kind) => cannot[kind]?.instead ?? "yes")]),
  );
  return [
    line(["", ...kinds.map((kind) => KINDS[kind])]),
    line(["", ...kinds].map(() => "---")),
    ...rows,
    line(["bytes of a key, at most", ...kinds.map((kind) => number(LIMITS[kind].keyBytes))]),
    line(["operations of one commit", ...kinds.map((kind) => number(LIMITS[kind].operations))]),
    line(["bytes of one commit", ...kinds.map((kind) => mebibytes(LIMITS[kind].commitBytes))]),
  ].join("");
}
