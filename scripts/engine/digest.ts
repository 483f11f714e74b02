/**
 * Digests of bytes and of sets of files.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** The SHA-256 of `bytes`, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** One digest over the names and bytes of all files at or below `paths`. It does not depend on the place of `root`. */
export function sourceDigest(root: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((path) => filesBelow(join(root, path))).sort()) {
    hash.update(`${relative(root, path).replaceAll("\\", "/")}\0${sha256(readFileSync(path))}\n`);
  }
  return hash.digest("hex");
}

function filesBelow(path: string): string[] {
  const entries = readdirSafe(path);
  return entries === undefined ? [path] : entries.flatMap((name) => filesBelow(join(path, name)));
}

function readdirSafe(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
    throw error;
  }
}
