/**
 * What commands that serve a store have in common: where they listen, and the token.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { UsageError } from "./exit_codes.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, also `[::1]:port`. The message of the error has the example. */
export function hostAndPort(text: string, example: string): Address {
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const [host, port] = [six ?? four, Number(digits)];
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new UsageError(`Wrong address '${text}': expected host:port, such as ${example}`);
}

/** Where a token comes from, and how short it may be. */
export interface TokenSource {
  readonly file: string | undefined;
  /** The environment variable, if there is no file. */
  readonly variable: string;
  readonly least: number;
}

/** The token that clients must know. It is never an argument, which other users of the machine can see. */
export function tokenFrom({ file, variable, least }: TokenSource): string {
  const text = file === undefined ? process.env[variable] : readGiven(file, "the token file").toString();
  const token = text?.trim();
  if (!token) throw new UsageError(`The access token is missing: set ${variable}, or use --token-file`);
  if (token.length >= least && !/\s/.test(token)) return token;
  throw new UsageError(`Wrong access token: expected at least ${least} characters without spaces`);
}

/** Reads a small file that the user named. `what` is for the message. */
export function readGiven(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`Cannot read ${what} '${file}': ${(error as Error).message}`);
  }
}
