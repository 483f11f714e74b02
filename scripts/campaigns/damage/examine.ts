/**
 * Opens a damaged store, reads everything, and reports the outcome.
 *
 * @module
 */

import { open, type SledStore, StoreError, type StoreErrorCode } from "../../../mod.ts";
import { type Image, mount } from "../stores/image.ts";
import { configOf, PLACE, type Shape, stateAfter } from "../stores/shapes.ts";
import type { Damaged } from "./damage.ts";

/**
 * `data`: all data is there, and verification finds nothing. `noticed`: all data is there, and verification finds the
 * damage. `refused`: a clear error. `tail`: the newest commits are missing, and the damage cannot be told from a torn
 * write. All other outcomes are failures.
 */
export type Outcome = "data" | "noticed" | "refused" | "tail" | "wrong" | "unclear" | "undetected" | "hung";

/** The outcomes that must not happen. */
export const FAILURES: ReadonlySet<Outcome> = new Set<Outcome>(["wrong", "unclear", "undetected", "hung"]);

/** The result for a damaged store. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly detail: string;
}

/** The time limit for one case, in milliseconds. Most cases take about ten. */
const HUNG_MS = 30_000;
/** The allowed error codes of a damaged store. */
const CLEAR: ReadonlySet<StoreErrorCode> = new Set<StoreErrorCode>([
  "STORE_CORRUPT",
  "NOT_A_STORE",
  "FORMAT_UNSUPPORTED",
  "STORE_LOCKED",
]);
/** A message must name a file, an offset or a key. */
const PLACED = /(?:\.luge|conf|snap\.|\bdb\b|LUGE|LOCK|index|key '|it holds ')/;

/** Reads of a damaged store: which were correct, wrong, or refused. */
class Reading {
  readonly #shape: Shape;
  readonly #wasm: WebAssembly.Module;
  readonly #image: Image;
  refusals: unknown[] = [];

  constructor(shape: Shape, wasm: WebAssembly.Module, image: Image) {
    this.#shape = shape;
    this.#wasm = wasm;
    this.#image = image;
  }

  /** Opens the store for one call. `undefined` if the open or the call is refused. */
  async on<T>(call: (store: SledStore) => T | Promise<T>): Promise<{ readonly result: T } | undefined> {
    let store: SledStore | undefined;
    try {
      const config = configOf(mount(this.#image, PLACE), this.#shape.versionsToKeep);
      store = await open({ ...config, wasm: this.#wasm });
      return { result: await call(store) };
    } catch (error) {
      this.refusals.push(error);
      return undefined;
    } finally {
      await store?.close().catch((error: unknown) => this.refusals.push(error));
    }
  }
}

/** Opens, verifies and reads a store. `wasm` should have bounded memory. */
export async function examine(shape: Shape, damaged: Damaged, wasm: WebAssembly.Module): Promise<Verdict> {
  const started = performance.now();
  const verdict = await judge(shape, damaged, wasm);
  const took = performance.now() - started;
  return took < HUNG_MS ? verdict : { outcome: "hung", detail: `${Math.round(took)} ms` };
}

interface Read {
  readonly damages: readonly string[];
  readonly verified: boolean;
  readonly entries: Map<string, Uint8Array> | undefined;
  readonly versions: string | undefined;
}

async function judge(shape: Shape, damaged: Damaged, wasm: WebAssembly.Module): Promise<Verdict> {
  const reading = new Reading(shape, wasm, damaged.image);
  const opened = await reading.on(async (store): Promise<Read> => {
    const { damages } = await store.verify();
    const lines = damages.map(({ file, offset, message }) => `${file} at ${offset}: ${message}`);
    return { damages: lines, verified: true, ...(await readAll(shape, store, reading)) };
  });
  const unclear = reading.refusals.find((error) => !isClear(error));
  if (unclear !== undefined) return { outcome: "unclear", detail: String((unclear as Error)?.stack ?? unclear) };
  if (!opened) return { outcome: "refused", detail: String(reading.refusals[0]) };
  const { damages, entries, versions } = opened.result;
  const found = damages.length > 0;
  if (entries === undefined) {
    const detail = `verify found ${damages.join("; ") || "nothing"}, reading: ${reading.refusals[0]}`;
    return found ? await judgeRest(shape, reading, detail) : { outcome: "undetected", detail };
  }
  const different = differenceOf(entries, stateAfter(shape.history, shape.history.length));
  if (different === undefined && versions === undefined) {
    return { outcome: found ? "noticed" : "data", detail: damages.join("; ") };
  }
  if (isTail(shape, damaged) && isPrefix(shape, entries)) return { outcome: "tail", detail: different ?? "" };
  return { outcome: "wrong", detail: `${different ?? versions}; verify found ${damages.join("; ") || "nothing"}` };
}

/** Part of the data cannot be read. Everything that can be read must be correct. */
async function judgeRest(shape: Shape, reading: Reading, detail: string): Promise<Verdict> {
  const state = stateAfter(shape.history, shape.history.length);
  const keys = [...new Set(shape.history.flatMap((commit) => [...commit.keys()]))];
  for (const reverse of [false, true]) {
    let wrong: string | undefined;
    await reading.on((store) => {
      const sorted = [...keys].sort();
      if (reverse) sorted.reverse();
      for (const key of sorted) {
        const value = store.getSync(key);
        wrong ??= valueDifference(key, value, state.get(key));
      }
    });
    const unclear = reading.refusals.find((error) => !isClear(error));
    if (unclear !== undefined) return { outcome: "unclear", detail: String((unclear as Error)?.stack ?? unclear) };
    if (wrong !== undefined) return { outcome: "wrong", detail: `${wrong}; ${detail}` };
  }
  return { outcome: "refused", detail };
}

/** All entries, read as a range and one by one; `undefined` if a read was refused. */
async function readAll(
  shape: Shape,
  store: SledStore,
  reading: Reading,
): Promise<{ entries: Map<string, Uint8Array> | undefined; versions: string | undefined }> {
  try {
    const entries = new Map<string, Uint8Array>(store.entries());
    const versions = shape.versionsToKeep > 1 ? await versionDifference(shape, store) : undefined;
    return { entries, versions };
  } catch (error) {
    reading.refusals.push(error);
    return { entries: undefined, versions: undefined };
  }
}

/** What is wrong with the versions of the keys. The newest ones must be there, and no invented ones. */
async function versionDifference(shape: Shape, store: SledStore): Promise<string | undefined> {
  const histories = new Map<string, (Uint8Array | undefined)[]>();
  for (const commit of shape.history) {
    for (const [key, value] of commit) histories.set(key, [value, ...(histories.get(key) ?? [])]);
  }
  for (const [key, expected] of histories) {
    const listed = await store.versions(key);
    const kept = expected.slice(0, shape.versionsToKeep);
    while (kept.length > 0 && kept.at(-1) === undefined) kept.pop();
    if (listed.length < kept.length) return `versions of '${key}' are missing`;
    let next = 0;
    for (const [i, { value }] of listed.entries()) {
      // Some versions may be missing if they are older than the versions that the store must keep.
      const candidates = i < kept.length ? expected.slice(next, next + 1) : expected.slice(next);
      const found = candidates.findIndex((each) => valueDifference(key, value, each) === undefined);
      if (found < 0) return `version ${i} of '${key}' is another`;
      next += found + 1;
    }
  }
  return undefined;
}

function isClear(error: unknown): boolean {
  return error instanceof StoreError && CLEAR.has(error.code) && PLACED.test(error.message);
}

function isTail(shape: Shape, { file, kind }: Damaged): boolean {
  return shape.hasTail && (file.startsWith("log/") || kind === "files swapped");
}

function isPrefix(shape: Shape, entries: Map<string, Uint8Array>): boolean {
  for (let count = shape.history.length; count >= 0; count--) {
    if (differenceOf(entries, stateAfter(shape.history, count)) === undefined) return true;
  }
  return false;
}

function differenceOf(found: Map<string, Uint8Array>, expected: Map<string, Uint8Array>): string | undefined {
  for (const [key, value] of expected) {
    const different = valueDifference(key, found.get(key), value);
    if (different !== undefined) return different;
  }
  for (const key of found.keys()) if (!expected.has(key)) return `'${key}' is there and was deleted`;
  return undefined;
}

function valueDifference(
  key: string,
  found: Uint8Array | undefined,
  expected: Uint8Array | undefined,
): string | undefined {
  if (found === expected) return undefined;
  if (!found) return `'${key}' is missing`;
  if (!expected) return `'${key}' is there and was deleted`;
  return Buffer.compare(found, expected) === 0 ? undefined : `'${key}' has another value`;
}
