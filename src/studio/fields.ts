/**
 * Reads the fields of a request. A field that no route knows, or of another type, is refused.
 *
 * @module
 */

import type { KeyRange } from "../api/range.ts";
import { MAX_KEY_BYTES } from "../limits.ts";
import { fromBase64 } from "./bytes_text.ts";
import { wrongField } from "./refusal.ts";

/** The bounds of an integer, and what it is when it is absent. */
export interface IntegerOptions {
  readonly least?: number;
  readonly most?: number;
}

const ENDS = ["prefix", "gt", "gte", "lt", "lte"] as const;

/** The fields of one request. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>, known: readonly string[]) {
    const unknown = Object.keys(values).find((name) => !known.includes(name));
    if (unknown !== undefined) throw wrongField(unknown, values[unknown], `one of the fields ${known.join(", ")}`);
    this.#values = values;
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  /** An integer, or `undefined` if it is absent. */
  integer(name: string, { least = 0, most = Number.MAX_SAFE_INTEGER }: IntegerOptions = {}): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    throw wrongField(name, value, `an integer from ${least} to ${most}`);
  }

  flag(name: string): boolean {
    const value = this.#get(name);
    if (value === undefined || typeof value === "boolean") return value ?? false;
    throw wrongField(name, value, "true or false");
  }

  /** A text of at least one character, or `undefined` if it is absent. */
  text(name: string, most = 1000): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.length > 0 && value.length <= most && value.isWellFormed()) return value;
    throw wrongField(name, value, `a text of 1 to ${most} characters`);
  }

  /** Bytes, or `undefined` if they are absent. */
  bytes(name: string): Uint8Array<ArrayBuffer> | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const bytes = typeof value === "string" ? fromBase64(value) : undefined;
    if (bytes) return bytes;
    throw wrongField(name, value, "base64");
  }

  /** A key, or `undefined` if it is absent. */
  key(name: string): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.bytes(name);
    if (bytes === undefined || (bytes.length > 0 && bytes.length <= MAX_KEY_BYTES)) return bytes;
    throw wrongField(name, this.#get(name), `a key of 1 to ${MAX_KEY_BYTES} bytes`);
  }

  requiredKey(name: string): Uint8Array<ArrayBuffer> {
    const key = this.key(name);
    if (key) return key;
    throw wrongField(name, undefined, "a key");
  }

  /** An array of objects, each with some fields. */
  list(name: string, known: readonly string[], most: number): Fields[] {
    const value = this.#get(name);
    if (!Array.isArray(value) || value.length > most) throw wrongField(name, value, `a list of at most ${most}`);
    return value.map((each: unknown) => new Fields(objectOf(name, each), known));
  }

  /** A range of keys; without the field, all keys. */
  range(name: string): KeyRange<Uint8Array<ArrayBuffer>> {
    const value = this.#get(name);
    if (value === undefined) return {};
    const fields = new Fields(objectOf(name, value), ENDS);
    const range = Object.fromEntries(
      ENDS.flatMap((end) => {
        const bytes = fields.bytes(end);
        if (bytes === undefined) return [];
        if (bytes.length > MAX_KEY_BYTES) throw wrongField(`${name}.${end}`, "…", `at most ${MAX_KEY_BYTES} bytes`);
        return [[end, bytes] as const];
      }),
    ) as KeyRange<Uint8Array<ArrayBuffer>>;
    for (const [a, b] of [
      ["gt", "gte"],
      ["lt", "lte"],
    ] as const) {
      if (range[a] && range[b]) throw wrongField(name, value, `at most one of ${a} and ${b}`);
    }
    return range;
  }
}

function objectOf(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrongField(name, value, "an object");
}
