/**
 * Stores on other machines: `luge get luge://host:4444 key`.
 *
 * @module
 */

import process from "node:process";
import { open, type RemoteStoreConfig, type SharedStore } from "../../mod.ts";
import { FailedError, misuseAsUsage, UsageError } from "./exit_codes.ts";
import { readGiven } from "./listening.ts";

/** The environment variable with the token. */
export const TOKEN_VARIABLE = "LUGE_TOKEN";
/** The environment variable with the file of an own authority. */
const CA_VARIABLE = "LUGE_CA_FILE";

/** Whether the place of a store is an address. */
export function isAddress(place: string): boolean {
  return /^luges?:\/\//i.test(place);
}

/** A place as messages show it: an address without its token. */
export function shownPlace(place: string): string {
  return isAddress(place) ? place.replace(/[?#].*/s, "") : place;
}

/** Opens a store on another machine. */
export async function openRemote(address: string, signal: AbortSignal): Promise<SharedStore> {
  const { [TOKEN_VARIABLE]: token, [CA_VARIABLE]: ca } = process.env;
  if (!token && !address.includes("?")) {
    throw new UsageError(`The access token is missing: set ${TOKEN_VARIABLE}, or use '${address}?token=…'`);
  }
  const config: RemoteStoreConfig = {
    address,
    signal,
    ...(token && !address.includes("?") ? { token: token.trim() } : {}),
    ...(ca && /^luges:/i.test(address) ? { ca: readGiven(ca, `the file of ${CA_VARIABLE},`) } : {}),
  };
  return await misuseAsUsage(open(config));
}

/** The error of what only works on a directory of this machine. */
export function needsDirectory(what: string, place: string): FailedError {
  return new FailedError(`Cannot ${what} '${shownPlace(place)}': it needs the directory; run it on that machine`);
}
