/**
 * The marker: the file that makes a directory a store. It has the format and the settings that the store remembers.
 *
 * @module
 */

import type { FileSystem, OpenFile } from "./api/file_system.ts";
import { StoreError } from "./errors.ts";
import { readAll, writeAll } from "./fs/write_all.ts";

/** The name of the marker. */
export const MARKER = "LUGE";
/** The name of the marker until it is whole. */
export const UNFINISHED_MARKER = "LUGE.tmp";

/** The format of the directory that this release writes and reads. */
export const FORMAT_VERSION = 4;

/** Every marker is shorter than this. */
const MOST_BYTES = 256;
const CRC_POLYNOMIAL = 0xedb88320;

/** The settings that a store remembers. */
export interface Marker {
  readonly numVersionsToKeep: number;
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

function textOf({ numVersionsToKeep }: Marker): string {
  const text = `luge ${FORMAT_VERSION}\nnumVersionsToKeep ${numVersionsToKeep}\n`;
  return `${text}crc32 ${crc32(text)}\n`;
}

function parse(text: string, path: string): Marker {
  const version = /^luge ([1-9]\d{0,8})\n/.exec(text)?.[1];
  if (version !== undefined && Number(version) !== FORMAT_VERSION) {
    const what = `it has format ${version}, this release reads format ${FORMAT_VERSION}`;
    const remedy = "open it with the release that wrote it, and move its data with a backup";
    throw new StoreError("FORMAT_UNSUPPORTED", `Cannot open the store of '${path}': ${what}; ${remedy}`);
  }
  const number = Number(/\nnumVersionsToKeep ([1-9]\d{0,6})\n/.exec(text)?.[1]);
  if (version !== undefined && text === textOf({ numVersionsToKeep: number })) return { numVersionsToKeep: number };
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
function crc32(text: string): string {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
  }
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0");
}
