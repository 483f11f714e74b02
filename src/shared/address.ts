/**
 * Addresses of stores on other machines: `luge://host:port?token=…`, and `luges://` with TLS.
 *
 * @module
 */

import { describe } from "../encoding.ts";
import { isUrl } from "../realm.ts";

/** The port if none is given. */
export const DEFAULT_PORT = 4444;

/** Where a store is served. */
export interface Address {
  /** The address without the token. */
  readonly shown: string;
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly token: string | undefined;
}

const EXPECTED = "expected luge://host:port or luges://host:port";
const PARTS = /^(luges?):\/\/(?:\[([\da-f:.]+)\]|([^\s:[\]@/?#]+))(?::(\d+))?\/?(?:\?(.*))?$/is;

/** Reads an address. Throws `TypeError`, whose message has no token. */
export function addressOf(given: unknown): Address {
  const text = isUrl(given) ? given.href : given;
  if (typeof text !== "string") {
    throw new TypeError(`Wrong option 'address': ${EXPECTED}, got ${describe(text)}`);
  }
  const wrong = (why: string) => new TypeError(`Wrong address '${withoutSecrets(text)}': ${why}`);
  if (/^[^/]*\/\/[^/?#]*@/.test(text)) throw wrong("it cannot have a user or a password; use ?token=…");
  const [, scheme = "", six, name, digits, query] = PARTS.exec(text) ?? [];
  const host = six ?? name;
  if (host === undefined) throw wrong(EXPECTED);
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (port < 1 || port > 65_535) throw wrong("expected a port from 1 to 65535");
  const isEncrypted = scheme.toLowerCase() === "luges";
  const token = query === undefined ? undefined : tokenIn(query, wrong);
  return { shown: addressText({ host, port, isEncrypted }), host, port, isEncrypted, token };
}

/** The address of a server, without a token. */
export function addressText({ host, port, isEncrypted }: Pick<Address, "host" | "port" | "isEncrypted">): string {
  return `${isEncrypted ? "luges" : "luge"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** An address as messages show it: its token, and what may be one, is left out. */
function withoutSecrets(address: string): string {
  return address.includes("@") ? address.replace(/\/\/.*/s, "//…") : address.replace(/[?#].*/s, "");
}

/** Not with `URLSearchParams`, which takes a plus sign for a space: tokens in base64 have plus signs. */
function tokenIn(query: string, wrong: (why: string) => TypeError): string {
  const [, encoded] = /^token=([^&#]*)$/.exec(query) ?? [];
  if (encoded === undefined) throw wrong("the only thing that may follow it is ?token=…");
  try {
    const token = decodeURIComponent(encoded);
    if (token !== "") return token;
  } catch {
    // Its message could have a part of the token.
    throw wrong("its token has a percent sign that encodes nothing");
  }
  throw wrong("its token is empty");
}
