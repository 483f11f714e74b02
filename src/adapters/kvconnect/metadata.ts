/**
 * The metadata exchange: the versions of the protocol, the identity of the database, and its tokens.
 *
 * @module
 */

import type { Store } from "../../api/store.ts";
import { hexOf } from "../../bytes.ts";
import { clock } from "../../clock.ts";
import { isErrorLike } from "../../realm.ts";
import { Space } from "../kv/keys.ts";
import { Refusal } from "./refusal.ts";

/** The versions of the protocol that luge speaks. */
const VERSIONS: readonly number[] = [1, 2, 3];
/** Clients ask again before the metadata expires. */
const LIFETIME_MS = 60 * 60 * 1000;
/** Below the path of the metadata exchange. */
export const DATA_PATH = "/data";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** The answer to a metadata exchange at `url`. Throws {@linkcode Refusal} for a wrong body. */
export async function metadataOf(store: Store, url: URL, body: string, dataToken: string): Promise<object> {
  const version = chooseVersion(body);
  const path = `${url.pathname.replace(/\/$/, "")}${DATA_PATH}`;
  return {
    version,
    databaseId: await identityOf(store),
    // Version 1 knows no relative addresses.
    endpoints: [{ url: version === 1 ? new URL(path, url).href : path, consistency: "strong" }],
    token: dataToken,
    expiresAt: new Date(clock.now() + LIFETIME_MS).toISOString(),
  };
}

function chooseVersion(body: string): number {
  const supported = body === "" ? [1] : supportedVersions(body);
  const common = VERSIONS.filter((version) => supported.includes(version));
  if (common.length > 0) return Math.max(...common);
  throw new Refusal(400, `No common version of the protocol: luge supports ${VERSIONS.join(", ")}, the client others`);
}

function supportedVersions(body: string): readonly unknown[] {
  let versions: unknown;
  try {
    versions = (JSON.parse(body) as { supportedVersions?: unknown } | null)?.supportedVersions;
  } catch (error) {
    throw new Refusal(400, `The body is not JSON: ${isErrorLike(error) ? error.message : error}`);
  }
  if (Array.isArray(versions)) return versions;
  throw new Refusal(400, "The body has no array 'supportedVersions'");
}

/** The identity of the database, a UUID that the store keeps. */
export async function identityOf(store: Store): Promise<string> {
  const kept = await store.get(Space.IDENTITY);
  if (kept) return decoder.decode(kept);
  const identity = crypto.randomUUID();
  await store.compareAndSet(Space.IDENTITY, undefined, identity);
  return decoder.decode((await store.get(Space.IDENTITY)) ?? encoder.encode(identity));
}

/** The token of the data path for an access token. It does not tell the access token, and survives a restart. */
export async function dataTokenOf(accessToken: string): Promise<string> {
  return hexOf(await digestOf(`luge KV Connect ${accessToken}`));
}

/**
 * Whether a header has the token. Compares digests, each byte of them: the time tells nothing about the token.
 */
export async function isAuthorized(header: string | null, token: string): Promise<boolean> {
  const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1] ?? "";
  const [a, b] = await Promise.all([digestOf(given), digestOf(token)]);
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0 && given !== "";
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}
