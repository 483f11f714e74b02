/**
 * The options for serving a store to other machines.
 *
 * @module
 */

import type { ListenOptions } from "../api/shared_store.ts";
import { isLoopback } from "../listening.ts";
import { checkInteger, OptionNames, wrongType } from "../options.ts";
import { DEFAULT_PORT } from "./address.ts";
import { pemText } from "./remote_options.ts";
import { checkToken } from "./token.ts";

/** Options with every default filled in. */
export interface ListenConfig {
  readonly host: string;
  readonly port: number;
  readonly token: string;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

const OPTIONS = new OptionNames<ListenOptions>(
  { token: true, host: true, port: true, tls: true, insecure: true },
  { example: "{ token }" },
);
const TLS = new OptionNames<NonNullable<ListenOptions["tls"]>>(
  { cert: true, key: true },
  { property: "option of tls", object: "option 'tls'", example: "{ cert, key }" },
);
/** Nothing listens beyond this machine unless the user says so. */
const DEFAULT_HOST = "127.0.0.1";

/** Reads options. Throws `TypeError` or `RangeError`. */
export function listenConfig(given: ListenOptions): ListenConfig {
  const { token, host = DEFAULT_HOST, port = DEFAULT_PORT, tls, insecure = false } = OPTIONS.read(given);
  checkToken(token);
  if (typeof host !== "string") wrongType("host", host, "a string");
  if (host === "" || /[\s/[\]]/.test(host)) {
    throw new TypeError(`Wrong option 'host': expected a name or an address such as 127.0.0.1, got '${host}'`);
  }
  checkInteger("port", port, 0, 65_535);
  if (typeof insecure !== "boolean") wrongType("insecure", insecure, "a boolean");
  if (tls === undefined && !insecure && !isLoopback(host)) {
    throw new TypeError(
      `Cannot listen on '${host}' without TLS: others on the way could read the token. Give it a certificate (tls), or allow it (insecure)`,
    );
  }
  return { host, port, token, tls: tls && certified(tls) };
}

/** No message has the key, or a part of it. */
function certified(tls: NonNullable<ListenOptions["tls"]>): { cert: string; key: string } {
  const given = TLS.read(tls);
  const [cert, key] = [pemText(given.cert, "CERTIFICATE"), pemText(given.key, "PRIVATE KEY")];
  if (cert === undefined) throw new TypeError("Wrong option 'tls.cert': expected a certificate as PEM");
  if (key === undefined) throw new TypeError("Wrong option 'tls.key': expected a private key as PEM");
  return { cert, key };
}
