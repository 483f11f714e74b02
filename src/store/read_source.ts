/**
 * The source of reads: a backend at one version.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import type { Backend, Counted, Page, StoredValue } from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { StoreError } from "../errors.ts";
import type { KeyFormat } from "../key_format.ts";

/** Reads. The arguments are valid. */
export interface ReadSource {
  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined;
  entry(key: Uint8Array): StoredValue | undefined;
  has(key: Uint8Array): boolean;
  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E>;
  count(range: ByteRange): Counted;
  /** The source as it is now, kept until it is released. */
  hold(): HeldReadSource;
}

/** A source that does not change until it is released. */
export interface HeldReadSource extends ReadSource {
  release(): void;
}

/** Runs a call of a backend. If the call fails, it fails the store. */
export type Run = <T>(call: (backend: Backend) => T) => T;

/** Reads the newest version, or the version of a snapshot. */
export class BackendSource implements ReadSource {
  protected readonly run: Run;
  readonly #version: number;
  readonly #present: () => number;

  /** `present` tells which version is read now. */
  constructor(run: Run, version: number, present: () => number = () => version) {
    this.run = run;
    this.#version = version;
    this.#present = present;
  }

  get(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
    return this.run((backend) => backend.get(key, this.#version));
  }

  entry(key: Uint8Array): StoredValue | undefined {
    return this.run((backend) => backend.entry(key, this.#version));
  }

  has(key: Uint8Array): boolean {
    return this.run((backend) => backend.versionOf(key, this.#version) !== undefined);
  }

  scan<E extends KeyEncoding>(range: ByteRange, format: KeyFormat<E>): Page<E> {
    return this.run((backend) => backend.scan({ ...range, version: this.#version }, format));
  }

  count(range: ByteRange): Counted {
    return this.run((backend) => backend.count({ ...range, version: this.#version }));
  }

  hold(): HeldReadSource {
    return new SnapshotSource(this.run, this.#present());
  }
}

/** A version that the store keeps until it is released. */
export class SnapshotSource extends BackendSource implements HeldReadSource {
  readonly version: number;
  #isOpen = true;

  /** Throws `VERSION_GONE` if the store removed data that the version could see. */
  constructor(run: Run, version: number) {
    super(run, version);
    this.version = version;
    if (!run((backend) => backend.openSnapshot(version))) {
      throw new StoreError(
        "VERSION_GONE",
        `Cannot read at version ${version}: the store removed a version that it could see`,
      );
    }
  }

  /** Idempotent. Has no effect on a closed store: closing it ended its snapshots. */
  release(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.run((backend) => backend.closeSnapshot(this.version));
    } catch (error) {
      if (!(error instanceof StoreError && (error.code === "STORE_CLOSED" || error.code === "STORE_FAILED")))
        throw error;
    }
  }
}

/**
 * Releases what an object holds if the object was collected as garbage without a release. A held value must not
 * reference its object.
 */
export const forgotten: FinalizationRegistry<{ release(): void }> = new FinalizationRegistry((held) => held.release());
