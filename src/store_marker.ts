/**
 * The marker: the file that makes a directory a store. It has the format and the settings that the store remembers.
 *
 * @module
 */

import type { Compression } from "./api/config.ts";
import type { FileSystem, OpenFile } from "./api/file_system.ts";
import { crc32 } from "./crc32.ts";
import { StoreError } from "./errors.ts";
import { readAll, writeAll } from "./fs/write_all.ts";

/** The name of the marker. */
export const MARKER = "LUGE";
/** The name of the marker until it is whole. */
export const UNFINISHED_MARKER = "LUGE.tmp";

/** The format of a directory in which nothing is compressed. This release reads it and writes it. */
export const FORMAT_VERSION = 4;
/** The same, for a directory that may have compressed blocks and values. */
export const COMPRESSED_FORMAT_VERSION = 5;

/** Every marker is shorter than this. */
const MOST_BYTES = 256;

/** The settings that a store remembers. */
export interface Marker {
  readonly numVersionsToKeep: number;
  /** How the files are written. `undefined` for format 4, in which nothing is compressed. */
  readonly compression: Compression | undefined;
}

/** The marker; `undefined` if there is none. Throws `STORE_CORRUPT` or `FORMAT_UNSUPPORTED`. */
export function readMarker(fileSystem: FileSystem, directory: string): Marker | undefined {
  const path = `${directory}/${MARKER}`;
  return fileSystem.stat(path) === undefined ? undefined : parse(readText(fileSystem, path), path);
}

/** Writes the marker. It appears whole and durable, or not at all. `requireOwned` throws if the lock was lost. */
export function writeMarker(fileSystem: FileSystem, directory: string, marker: Marker, requireOwned: () => void): void {
  const unfinished = `${directory}/${UNFINISHED_MARKER}`;
  requireOwned();
  if (fileSystem.stat(unfinished) !== undefined) fileSystem.remove(unfinished);
  const file = fileSystem.open(unfinished, { write: true, create: true, exclusive: true });
  try {
    writeAll(file, new TextEncoder().encode(textOf(marker)), 0, unfinished);
    file.sync();
  } finally {
    file.close();
  }
  requireOwned();
  fileSystem.rename(unfinished, `${directory}/${MARKER}`);
  fileSystem.syncDirectory(directory);
}

function textOf({ numVersionsToKeep, compression }: Marker): string {
  const version = compression === undefined ? FORMAT_VERSION : COMPRESSED_FORMAT_VERSION;
  const setting = compression === undefined ? "" : `compression ${compression}\n`;
  const text = `luge ${version}\nnumVersionsToKeep ${numVersionsToKeep}\n${setting}`;
  return `${text}crc32 ${checksumOf(text)}\n`;
}

function parse(text: string, path: string): Marker {
  const version = Number(/^luge ([1-9]\d{0,8})\n/.exec(text)?.[1]);
  if (version > 0 && version !== FORMAT_VERSION && version !== COMPRESSED_FORMAT_VERSION) {
    const formats = `${FORMAT_VERSION} and ${COMPRESSED_FORMAT_VERSION}`;
    const what = `it has format ${version}, this release reads the formats ${formats}`;
    const remedy = "open it with the release that wrote it, and move its data with a backup";
    throw new StoreError("FORMAT_UNSUPPORTED", `Cannot open the store of '${path}': ${what}; ${remedy}`);
  }
  const numVersionsToKeep = Number(/\nnumVersionsToKeep ([1-9]\d{0,6})\n/.exec(text)?.[1]);
  const compression = /\ncompression (none|lz4)\n/.exec(text)?.[1] as Compression | undefined;
  const marker = { numVersionsToKeep, compression };
  if (text === textOf(marker)) return marker;
  throw new StoreError(
    "STORE_CORRUPT",
    `Cannot open: '${path}' is damaged: expected 'luge <version>' and its settings`,
  );
}

function readText(fileSystem: FileSystem, path: string): string {
  const file: OpenFile = fileSystem.open(path, {});
  try {
    const bytes = new Uint8Array(MOST_BYTES);
    return new TextDecoder().decode(bytes.subarray(0, readAll(file, bytes, 0)));
  } finally {
    file.close();
  }
}

/** The checksum in eight hexadecimal digits. */
function checksumOf(text: string): string {
  return crc32(new TextEncoder().encode(text)).toString(16).padStart(8, "0");
}
