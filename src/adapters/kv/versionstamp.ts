/**
 * Versionstamps: a version of the store in 16 hexadecimal digits, and four zeros, as Deno's own database has them.
 *
 * @module
 */

const SUFFIX = "0000";

/** What no version of a store is: a check with it is never true. */
export const NO_VERSION = -1;

/** The versionstamp of a version. */
export function versionstampOf(version: number): string {
  return version.toString(16).padStart(16, "0") + SUFFIX;
}

/** The version of a versionstamp. {@linkcode NO_VERSION} if no version can have it. Throws `TypeError` for other text. */
export function versionOf(versionstamp: string): number {
  if (typeof versionstamp !== "string" || !/^[0-9a-f]{20}$/i.test(versionstamp)) {
    throw new TypeError(`Invalid check: invalid versionstamp ${JSON.stringify(versionstamp)}, expected 20 hex digits`);
  }
  const version = Number(`0x${versionstamp.slice(0, 16)}`);
  return versionstamp.endsWith(SUFFIX) && Number.isSafeInteger(version) && version > 0 ? version : NO_VERSION;
}
