/**
 * Keys and values, as callers pass and receive them.
 *
 * @module
 */

/** A key: bytes, or a string, which means its UTF-8 bytes. Keys are ordered by their bytes. */
export type Key = string | Uint8Array;

/** A value: bytes, or a string, which means its UTF-8 bytes. */
export type Value = string | Uint8Array;

/** `"utf8"`: keys are strings; a read of a key that is not UTF-8 fails with a `TypeError`. `"bytes"`: `Uint8Array`s. */
export type KeyEncoding = "utf8" | "bytes";

/** The type of a key in an encoding. */
export type KeyIn<E extends KeyEncoding> = E extends "bytes" ? Uint8Array<ArrayBuffer> : string;
