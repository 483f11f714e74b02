/**
 * Keys and values, as callers give and get them.
 *
 * @module
 */

/** A key: bytes, or a string, which stands for its UTF-8 bytes. Keys are ordered by their bytes. */
export type Key = string | Uint8Array;

/** A value: bytes, or a string, which stands for its UTF-8 bytes. */
export type Value = string | Uint8Array;

/** `"utf8"`: a key is a string; one that is not UTF-8 makes the read fail with a `TypeError`. `"bytes"`: a `Uint8Array`. */
export type KeyEncoding = "utf8" | "bytes";

/** What a key is in an encoding. */
export type KeyIn<E extends KeyEncoding> = E extends "bytes" ? Uint8Array : string;
