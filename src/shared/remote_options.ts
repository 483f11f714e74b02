/**
 * The config of a store on another machine.
 *
 * @module
 */

import type { RemoteStoreConfig } from "../api/config.ts";
import { checkInteger, checkSignal, OptionNames, wrongType } from "../options.ts";
import { isUint8Array, isUrl } from "../realm.ts";
import { type Address, addressOf } from "./address.ts";
import { checkToken } from "./token.ts";

/** A config with every default filled in. */
export interface RemoteConfig {
  readonly address: Address;
  readonly token: string;
  /** The certificates of the authorities to trust, as PEM. */
  readonly ca: readonly string[] | undefined;
  readonly syncWrites: boolean;
  readonly connectTimeout: number;
  readonly signal: AbortSignal | undefined;
}

const CONFIG = new OptionNames<RemoteStoreConfig>(
  { address: true, token: true, ca: true, syncWrites: true, connectTimeout: true, signal: true },
  { object: "a config", example: '{ address: "luge://127.0.0.1:4444", token }' },
);
const CONNECT_TIMEOUT_MS = 10_000;
const MOST_TIMEOUT_MS = 86_400_000;

/** Reads a config or an address. Throws `TypeError` or `RangeError`. */
export function remoteConfig(given: string | URL | RemoteStoreConfig): RemoteConfig {
  const config = CONFIG.read(typeof given === "string" || isUrl(given) ? { address: given } : given);
  const address = addressOf(config.address);
  const { token = address.token, ca, syncWrites = true, connectTimeout = CONNECT_TIMEOUT_MS, signal } = config;
  if (token === undefined) {
    throw new TypeError(`Cannot open '${address.shown}': expected a token, as option 'token' or in ?token=…`);
  }
  checkToken(token);
  if (typeof syncWrites !== "boolean") wrongType("syncWrites", syncWrites, "a boolean");
  checkInteger("connectTimeout", connectTimeout, 1, MOST_TIMEOUT_MS);
  return {
    address,
    token,
    ca: ca === undefined ? undefined : certificates(ca, address),
    syncWrites,
    connectTimeout,
    signal: checkSignal(signal),
  };
}

function certificates(given: unknown, { shown, isEncrypted }: Address): string[] {
  if (!isEncrypted) throw new TypeError(`Wrong option 'ca': '${shown}' has no TLS: expected an address luges://…`);
  return [given].flat().map((each: unknown) => {
    const text = pemText(each, "CERTIFICATE");
    if (text !== undefined) return text;
    throw new TypeError("Wrong option 'ca': expected certificates as PEM: a string, bytes, or an array of them");
  });
}

/** What is given as PEM, as text. `undefined` if it has no certificate, or no key, as `what` says. */
export function pemText(given: unknown, what: "CERTIFICATE" | "PRIVATE KEY"): string | undefined {
  const text = isUint8Array(given) ? new TextDecoder().decode(given) : given;
  return typeof text === "string" && new RegExp(`-----BEGIN [A-Z ]*${what}-----`).test(text) ? text : undefined;
}
