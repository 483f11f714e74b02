/**
 * How the revisions of etcd become the versions of a store, and which entries count.
 *
 * Without a restore they are the same. A restore makes the store have the version of the backup, at the revision at
 * which it became visible: from there on, versions grow as revisions do.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";

const FORMAT = 1;

/** From this revision on, which has this version. */
interface Base {
  readonly revision: number;
  readonly version: number;
}

/** What the key `m` holds, but for its own revision. */
interface StoredMeta {
  readonly format: number;
  readonly generation: string;
  /** The version that the revision of the key `m` has. */
  readonly version: number;
  /** Those before. */
  readonly bases: readonly Base[];
}

/** One state of the key `m`. */
export class Generation {
  /** The revision of the key `m`; 0 if there is none. Each commit compares it. */
  readonly revision: number;
  /** The name of the entries that count: empty before the first restore of a full backup. */
  readonly name: string;
  /** By revision. */
  readonly #bases: readonly Base[];

  /** `value` is that of the key `m`. Throws `FORMAT_UNSUPPORTED` for that of a later release. */
  constructor(revision: number, value: string | undefined) {
    this.revision = revision;
    if (value === undefined) {
      this.name = "";
      this.#bases = [{ revision: 0, version: 0 }];
      return;
    }
    const meta = JSON.parse(value) as StoredMeta;
    if (meta.format !== FORMAT) {
      throw new StoreError(
        "FORMAT_UNSUPPORTED",
        `Cannot use the store: it has format ${meta.format}, and this release of luge reads format ${FORMAT}`,
      );
    }
    this.name = meta.generation;
    this.#bases = [...meta.bases, { revision, version: meta.version }];
  }

  /** The first version that the entries of this generation have. */
  get first(): number {
    return (this.#bases[0] as Base).version;
  }

  /** The version of the last restore: what came before it is no history. */
  get restored(): number {
    return this.#last.version;
  }

  /** Tells this state from all others: each commit writes it into the clock. */
  get tag(): string {
    return `${this.name}/${this.#bases.length}`;
  }

  /** The tag of the state after {@linkcode Generation.next}. */
  nextTag(name: string): string {
    return `${name}/${name === this.name ? this.#bases.length + 1 : 1}`;
  }

  /** Whether entries may have a version of their own. */
  get isRestored(): boolean {
    return this.revision > 0;
  }

  /** The version of a revision of this generation. */
  versionOf(revision: number): number {
    const base = this.#bases.findLast((each) => each.revision <= revision) ?? this.#last;
    return base.version + revision - base.revision;
  }

  /** The revision of a version. Throws `VERSION_GONE` for one before the restore. */
  revisionOf(version: number): number {
    const { first } = this;
    if (version < first) {
      throw new StoreError("VERSION_GONE", `Cannot read version ${version}: the store has versions from ${first}`, {
        version: first,
      });
    }
    const at = this.#bases.findLast((each) => each.version <= version) ?? this.#last;
    // Versions that an increment passed over have no revision of their own: they are those of the commit before.
    const next = this.#bases[this.#bases.indexOf(at) + 1];
    const found = at.revision + version - at.version;
    return next && found >= next.revision ? next.revision - 1 : found;
  }

  /** The value of the key `m` that makes its revision have a version, with entries of the same or another generation. */
  next(name: string, version: number): string {
    const bases = name === this.name ? this.#bases : [];
    return JSON.stringify({ format: FORMAT, generation: name, version, bases } satisfies StoredMeta);
  }

  get #last(): Base {
    return this.#bases[this.#bases.length - 1] as Base;
  }
}
