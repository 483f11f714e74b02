/**
 * Small stores of different shapes, with all their commits.
 *
 * @module
 */

import { MemoryFileSystem, open, type SledStore, type SledStoreConfig } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { type Image, imageOf } from "./image.ts";

/** The directory of every store. */
export const PLACE = "store";

/** A value that can be compressed repeats a piece of this many bytes. */
const REPEATED_BYTES = 64;
/** After this many turns of the event loop, the background work of a few commits is done. */
const TURNS = 10;

/** One commit: keys with their values; `undefined` for a deletion. */
export type Commit = ReadonlyMap<string, Uint8Array | undefined>;

/** A store without pending work. */
export interface Shape {
  readonly name: string;
  readonly image: Image;
  /** The same store earlier in its life. */
  readonly stale: Image;
  /** All commits, in order. */
  readonly history: readonly Commit[];
  /** Whether the last writes are only in the log. Then the real end of the log looks like a torn one. */
  readonly hasTail: boolean;
  readonly versionsToKeep: number;
}

/** How to build a shape. */
interface Plan {
  readonly keys: number;
  readonly rounds: number;
  /** The sizes of values in bytes. */
  readonly sizes: readonly number[];
  readonly versionsToKeep?: number;
  /** Bytes that keys share with few others. So the index has long separators, and becomes large, with many pages. */
  readonly keyBytes?: number;
  readonly compacts?: boolean;
  /** Whether the store is closed at the end, so that everything is in the table. Otherwise the process dies. */
  readonly closes?: boolean;
  /** Whether blocks and values are compressed. The values can be. */
  readonly isCompressed?: boolean;
}

const PLANS: Readonly<Record<string, Plan>> = {
  log: { keys: 30, rounds: 2, sizes: [0, 10, 200] },
  checkpointed: { keys: 300, rounds: 4, sizes: [20, 300, 900], closes: true },
  killed: { keys: 300, rounds: 4, sizes: [20, 300, 900] },
  compacted: { keys: 300, rounds: 4, sizes: [20, 300, 900], compacts: true, closes: true },
  large: { keys: 20, rounds: 3, sizes: [100, 5000, 40_000], compacts: true, closes: true },
  "large, killed": { keys: 20, rounds: 3, sizes: [100, 5000, 40_000] },
  index: { keys: 400, rounds: 4, sizes: [20, 300], keyBytes: 900, closes: true },
  "index, killed": { keys: 400, rounds: 4, sizes: [20, 300], keyBytes: 900 },
  compressed: { keys: 60, rounds: 3, sizes: [20, 300, 900, 40_000], compacts: true, closes: true, isCompressed: true },
  "compressed, killed": { keys: 60, rounds: 3, sizes: [20, 300, 900, 40_000], isCompressed: true },
  versions: { keys: 100, rounds: 8, sizes: [20, 300, 900], versionsToKeep: 3, closes: true },
};

/** The names of all shapes. */
export const SHAPES: readonly string[] = Object.keys(PLANS);

/** The config of such stores: the smallest buffers, so that all files are written often. */
export function configOf(fileSystem: SledStoreConfig["fileSystem"], versionsToKeep: number): SledStoreConfig {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return {
    path: PLACE,
    logger: silent,
    cacheSize: 1 << 20,
    writeBufferSize: 256 << 10,
    numVersionsToKeep: versionsToKeep,
    ...(fileSystem && { fileSystem }),
  };
}

/** Builds a shape. The same seed gives the same keys and values. */
export async function build(name: string, seed: number): Promise<Shape> {
  const plan = PLANS[name];
  if (!plan) throw new RangeError(`No shape '${name}': expected one of ${SHAPES.join(", ")}`);
  const { versionsToKeep = 1 } = plan;
  const fileSystem = new MemoryFileSystem();
  const random = new Random(seed);
  const history: Commit[] = [];
  let stale: Image = new Map();
  const setting = plan.isCompressed ? ({ compression: "lz4" } as const) : {};
  let store = await open({ ...configOf(fileSystem, versionsToKeep), ...setting });
  for (let round = 0; round < plan.rounds; round++) {
    await writeRound(store, plan, random, history);
    if (plan.compacts) await store.compact();
    if (round === Math.floor(plan.rounds / 2) - 1) {
      await store.close();
      stale = imageOf(fileSystem, PLACE);
      store = await open(configOf(fileSystem, versionsToKeep));
    }
  }
  if (plan.closes) await store.close();
  else await background(store);
  const image = imageOf(fileSystem, PLACE);
  if (!plan.closes) await store.close();
  return { name, image, stale, history, hasTail: !plan.closes, versionsToKeep };
}

/** Waits until the background work is done. */
async function background(store: SledStore): Promise<void> {
  for (let turns = 0; turns < TURNS || store.metrics().sealedBufferBytes > 0; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function writeRound(store: SledStore, plan: Plan, random: Random, history: Commit[]): Promise<void> {
  for (let i = 0; i < plan.keys; i++) {
    const commit = new Map<string, Uint8Array | undefined>();
    const count = random.below(5) === 0 ? 1 + random.below(5) : 1;
    for (let j = 0; j < count; j++) {
      const key = keyOf(random.below(plan.keys), plan.keyBytes);
      commit.set(
        key,
        random.below(6) === 0 ? undefined : newValue(random.pick(plan.sizes) + random.below(20), plan, random),
      );
    }
    history.push(commit);
    const operations = Array.from(commit, ([key, value]) =>
      value ? ({ type: "put", key, value } as const) : ({ type: "delete", key } as const),
    );
    await store.batch(operations);
  }
}

function newValue(length: number, { isCompressed = false }: Plan, random: Random): Uint8Array {
  if (!isCompressed) return random.manyBytes(length);
  const piece = random.manyBytes(Math.min(length, REPEATED_BYTES));
  return new Uint8Array(length).map((_, i) => piece[i % REPEATED_BYTES] ?? 0);
}

function keyOf(number: number, bytes = 0): string {
  if (bytes === 0) return `key/${number}`;
  const group = new Random(Math.floor(number / 3)).manyBytes(bytes / 2);
  return `${Buffer.from(group).toString("hex")}/${number}`;
}

/** The content of a store after its first `count` commits. */
export function stateAfter(history: readonly Commit[], count: number): Map<string, Uint8Array> {
  const state = new Map<string, Uint8Array>();
  for (const commit of history.slice(0, count)) {
    for (const [key, value] of commit) {
      if (value) state.set(key, value);
      else state.delete(key);
    }
  }
  return state;
}
