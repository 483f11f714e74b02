/**
 * The keys that a store has in etcd. All start with the prefix of the store. docs/design/etcd.md draws them.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import { successor } from "../../byte_range.ts";
import { concat, putAll } from "../../bytes.ts";

const encoder = new TextEncoder();

/** The keys of one store. Those that are text are base64, ready to be sent. */
export class Layout {
  readonly #prefix: Uint8Array;
  /** Each commit writes it last. Its revision is the version of the newest commit. */
  readonly clock: string;
  /** The clock as bytes: watches begin here. */
  readonly clockBytes: Uint8Array;
  /** What only a restore changes: which entries count, and how revisions become versions. */
  readonly meta: string;

  constructor(prefix: string) {
    this.#prefix = encoder.encode(prefix);
    this.clockBytes = this.#key("c");
    this.clock = toBase64(this.clockBytes);
    this.meta = this.of("m");
  }

  /** The bytes before each key of an entry. A restore has entries of its own, under the name of its generation. */
  entries(generation: string): Uint8Array {
    return this.#key(generation === "" ? "e" : `f${generation}/`);
  }

  /** The lane of a client: it tells whether a commit was done. */
  lane(name: string): string {
    return this.of(`l${name}`);
  }

  /** It exists as long as the client that writes the pieces of a value may still commit it. */
  guard(id: string): string {
    return this.of(`g${id}`);
  }

  /** A piece of a large value. */
  piece(id: string, number: number): string {
    return this.of(`p${id}/${number.toString(16).padStart(8, "0")}`);
  }

  /** All pieces of a large value, as the ends of a range. */
  pieces(id: string): { readonly key: string; readonly range_end: string } {
    return this.#range(`p${id}/`);
  }

  /** The manifest of a large value: its entry. */
  manifest(id: string): string {
    return this.of(`q${id}`);
  }

  /** All manifests, as the ends of a range. */
  get manifests(): { readonly key: string; readonly range_end: string } {
    return this.#range("q");
  }

  /** The identity of a manifest's key. */
  idOf(manifest: Uint8Array): string {
    return new TextDecoder().decode(manifest.subarray(this.#prefix.length + 1));
  }

  of(name: string): string {
    return toBase64(this.#key(name));
  }

  #key(name: string): Uint8Array {
    return concat(this.#prefix, encoder.encode(name));
  }

  #range(name: string): { readonly key: string; readonly range_end: string } {
    const key = this.#key(name);
    return { key: toBase64(key), range_end: toBase64(successor(key) ?? new Uint8Array(1)) };
  }
}

/** The whole key in etcd, as base64. */
export function joined(prefix: Uint8Array, key: Uint8Array): string {
  return toBase64(putAll([prefix, key], new Uint8Array(prefix.length + key.length)));
}
