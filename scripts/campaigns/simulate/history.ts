/**
 * The expected content of a store: every commit in the order of the calls, and what a crash may leave of them.
 *
 * @module
 */

/** One version of a key. */
export interface ModelVersion {
  /** The version of the store. */
  readonly version: number;
  /** `undefined` for a deletion. */
  readonly value: Uint8Array | undefined;
  /** When it expires, in milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
}

/** All keys, each with its versions, newest first. */
export type Model = ReadonlyMap<string, readonly ModelVersion[]>;

/** One change of a commit. */
export interface ModelChange {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly expiresMs: number;
}

/** One commit. */
export interface Commit {
  readonly version: number;
  readonly changes: readonly ModelChange[];
}

/** The content that was found in a store. */
export type Found = readonly (readonly [key: string, value: Uint8Array])[];

/** How a store differs from its expected content. */
export type FaultKind = "lost" | "resurrected" | "unopenable" | "wrong";

/** A fault that a crash caused. */
export class CrashFault extends Error {
  readonly kind: FaultKind;

  constructor(kind: FaultKind, message: string, options?: ErrorOptions) {
    super(`${kind}: ${message}`, options);
    this.name = "CrashFault";
    this.kind = kind;
  }
}

/** How many versions of a key the model remembers. */
export const REMEMBERED = 8;
/** How many commits lie between two stored models. */
const KEPT_EVERY = 32;

/** The commits of one life of a store, on top of its first content. */
export class History {
  readonly #commits: Commit[] = [];
  readonly #models: Map<number, Model> = new Map();
  /** The newest version that any commit ever had. */
  #newestVersion: number;

  constructor(base: Model = new Map(), newestVersion = 0) {
    this.#models.set(0, base);
    this.#newestVersion = newestVersion;
  }

  /** The number of commits. */
  get length(): number {
    return this.#commits.length;
  }

  /** The newest version that any commit ever had, including earlier branches. */
  get newestVersion(): number {
    return this.#newestVersion;
  }

  /** Adds a commit. Returns the number of commits. */
  add(version: number, changes: readonly ModelChange[]): number {
    if (version <= this.#newestVersion) {
      throw new CrashFault("wrong", `a commit got version ${version} after ${this.#newestVersion}`);
    }
    this.#newestVersion = version;
    return this.#commits.push({ version, changes });
  }

  /** How many of the commits have a version up to this one. */
  countUpTo(version: number): number {
    let count = this.#commits.length;
    while (count > 0 && (this.#commits[count - 1]?.version ?? 0) > version) count -= 1;
    return count;
  }

  /** The last one of the first `count` commits. */
  commitAt(count: number): Commit | undefined {
    return this.#commits[count - 1];
  }

  /** The content after the first `count` commits. */
  modelAt(count: number): Model {
    const known = this.#models.get(count);
    if (known) return known;
    let from = count - 1;
    while (!this.#models.has(from)) from -= 1;
    const model = new Map(this.#models.get(from));
    for (const { version, changes } of this.#commits.slice(from, count)) {
      for (const { key, value, expiresMs } of changes) {
        const before = model.get(key) ?? [];
        model.set(key, [{ version, value, expiresMs }, ...before.slice(0, REMEMBERED - 1)]);
      }
    }
    this.#keep(count, model);
    return model;
  }

  /** A new history that begins with the first commits of this one. `version` is the newest version that was used. */
  branch(count: number, version: number): History {
    return new History(this.modelAt(count), version);
  }

  #keep(count: number, model: Model): void {
    this.#models.set(count, model);
    if (this.#models.size < 2 * KEPT_EVERY) return;
    for (const each of [...this.#models.keys()]) {
      if (each !== 0 && each !== count && each % KEPT_EVERY !== 0) this.#models.delete(each);
    }
  }
}

/** What a crash at some moment must leave: between `least` and `most` commits. */
export interface Expectation {
  readonly history: History;
  readonly least: number;
  readonly most: number;
  /** The newest version that was used. */
  readonly version: number;
  /** A watch has delivered all changes up to this version; absent for no watch. */
  readonly told?: number;
  /** How many commits a power cut leaves at least, if a kill leaves more. A kill leaves `least`. */
  readonly durable?: number;
}

/**
 * The numbers of commits that explain the content that was found. There may be several, because the deletion of a
 * missing key shows only in versions. Throws a {@linkcode CrashFault} if no allowed number explains it.
 */
export function explain(found: Found, expectation: Expectation, now: number): [number, ...number[]] {
  const { history, least, most } = expectation;
  const counts: number[] = [];
  for (let count = least; count <= most; count++) {
    if (isSame(found, history.modelAt(count), now)) counts.push(count);
  }
  const [first, ...more] = counts;
  if (first === undefined) throw faultOf(found, expectation, now);
  return [first, ...more];
}

/** Whether versions, newest first, can be the rest of a key's versions if at least `kept` versions are kept. */
export function explainsVersions(
  listed: readonly { readonly version: number; readonly value?: Uint8Array }[],
  all: readonly ModelVersion[],
  kept: number,
  now: number,
): boolean {
  // If one version is kept, a deleted or expired one may be removed at once.
  const expected = kept === 1 && !isLive(all[0], now) ? [] : all.slice(0, kept);
  if (listed.length < expected.length) return false;
  return listed.slice(0, all.length).every(({ version, value }, index) => {
    const known = all.find((each) => each.version === version);
    if (!known) return all.length === REMEMBERED && version < (all.at(-1)?.version ?? 0);
    const there = isLive(known, now) ? known.value : undefined;
    const inOrder = index >= expected.length || expected[index]?.version === version;
    return inOrder && (there === undefined ? value === undefined : value !== undefined && isEqual(value, there));
  });
}

/** Whether these are exactly the entries of a model. */
export function isSame(found: Found, model: Model, now: number): boolean {
  let live = 0;
  for (const [version] of model.values()) if (isLive(version, now)) live += 1;
  return live === found.length && found.every(([key, value]) => holds(model, key, value, now));
}

function holds(model: Model, key: string, value: Uint8Array, now: number): boolean {
  const version = model.get(key)?.[0];
  return isLive(version, now) && version.value !== undefined && isEqual(version.value, value);
}

/** Whether a version has a value that has not expired. */
export function isLive(
  version: ModelVersion | undefined,
  now: number,
): version is ModelVersion & { value: Uint8Array } {
  return version?.value !== undefined && (version.expiresMs === 0 || version.expiresMs > now);
}

/** Whether bytes are equal. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The fault that the first difference shows. */
function faultOf(found: Found, { history, least, most }: Expectation, now: number): CrashFault {
  const where = `of ${least} to ${most} commits`;
  const models = [...new Set([least, most])].map((count) => history.modelAt(count));
  const known = (key: string) => models.flatMap((model) => model.get(key) ?? []);
  for (const [key, value] of found) {
    if (models.some((model) => holds(model, key, value, now))) continue;
    const versions = known(key);
    const match = versions.find((version) => version.value && isEqual(version.value, value));
    if (!match) return new CrashFault("wrong", `'${key}' has ${value.length} bytes that were never written, ${where}`);
    const newest = models[0]?.get(key)?.[0];
    if (newest && newest.version > match.version) {
      const kind = newest.value ? "lost" : "resurrected";
      return new CrashFault(kind, `'${key}' is back at version ${match.version}, not ${newest.version}, ${where}`);
    }
  }
  const there = new Set(found.map(([key]) => key));
  for (const [key, versions] of models[0] ?? []) {
    if (isLive(versions[0], now) && !there.has(key) && models.every((model) => isLive(model.get(key)?.[0], now))) {
      return new CrashFault("lost", `'${key}' is gone, ${where}`);
    }
  }
  return new CrashFault("wrong", `what is there is no prefix ${where}`);
}
