/**
 * Answers requests of the KV Connect protocol.
 *
 * @module
 */

import type { Store } from "../../api/store.ts";
import { describe } from "../../encoding.ts";
import { isErrorLike } from "../../realm.ts";
import { atomicWrite, snapshotRead, watch } from "./data.ts";
import { DATA_PATH, dataTokenOf, identityOf, isAuthorized, metadataOf } from "./metadata.ts";
import { Refusal } from "./refusal.ts";

/** Options of {@linkcode kvConnect}. */
export interface KvConnectOptions {
  /** The access token of the clients: at least 12 characters, without spaces. */
  readonly token: string;
}

/** A shorter token could be guessed. */
const LEAST_TOKEN = 12;
/** The largest body. Deno's own clients send less than 1 MiB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * A function that answers requests of the KV Connect protocol, versions 1 to 3. So `Deno.openKv("http://…")` of an
 * unmodified Deno works on a store of luge. Pass it to `Deno.serve` or `Bun.serve`. `luge kv serve` is a server with it.
 *
 * The store has the entries of `openKv(store)` of `@luge/luge/kv`, and both may be used at once. Requests without the
 * token get the status 401, wrong ones a status from 400 and a text. Values that `@luge/luge/kv` wrote can be sent on
 * Node and Deno only. Throws `TypeError` for a token that is too short.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { type KvConnectOptions, kvConnect } from "@luge/luge/kvconnect";
 * import assert from "node:assert/strict";
 *
 * const options: KvConnectOptions = { token: "a-long-secret" };
 * const handler = kvConnect(new MemoryStore(), options); // Deno.serve(handler)
 * const exchange = new Request("http://127.0.0.1/", { method: "POST", headers: { authorization: "Bearer wrong" } });
 * assert.equal((await handler(exchange)).status, 401);
 * ```
 */
export function kvConnect(store: Store, { token }: KvConnectOptions): (request: Request) => Promise<Response> {
  if (typeof token !== "string" || token.length < LEAST_TOKEN || /\s/.test(token)) {
    throw new TypeError(`Wrong option 'token': expected at least ${LEAST_TOKEN} characters without spaces`);
  }
  const dataToken = dataTokenOf(token);
  return async (request) => {
    try {
      return await answer(store, request, { token, dataToken: await dataToken });
    } catch (error) {
      return failure(error);
    }
  };
}

interface Tokens {
  readonly token: string;
  readonly dataToken: string;
}

async function answer(store: Store, request: Request, { token, dataToken }: Tokens): Promise<Response> {
  const url = new URL(request.url);
  const [, method] = new RegExp(`${DATA_PATH}/([^/]*)$`).exec(url.pathname) ?? [];
  const authorization = request.headers.get("authorization");
  if (!(await isAuthorized(authorization, method === undefined ? token : dataToken))) {
    throw new Refusal(401, "The access token is missing or wrong");
  }
  if (request.method !== "POST") throw new Refusal(405, `Wrong method ${request.method}: expected POST`);
  const body = await bodyOf(request);
  if (method !== undefined) await checkIdentity(store, request.headers);
  switch (method) {
    case undefined:
      return Response.json(await metadataOf(store, url, new TextDecoder().decode(body), dataToken));
    case "snapshot_read":
      return message(await snapshotRead(store, body));
    case "atomic_write":
      return message(await atomicWrite(store, body));
    case "watch":
      return new Response(watch(store, body), { headers: { "content-type": "application/octet-stream" } });
    default:
      throw new Refusal(404, `Unknown method '${method.slice(0, 40)}'`);
  }
}

/** A client that was told of another database must not read or write this one. */
async function checkIdentity(store: Store, headers: Headers): Promise<void> {
  const given = headers.get("x-denokv-database-id") ?? headers.get("x-transaction-domain-id");
  if (given !== null && given.toLowerCase() !== (await identityOf(store))) {
    throw new Refusal(400, `The database has another identity than '${given.slice(0, 40)}'`);
  }
}

function message(bytes: Uint8Array): Response {
  return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": "application/x-protobuf" } });
}

/** The body. Throws {@linkcode Refusal} as soon as it is too long. */
async function bodyOf(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = (request.body as ReadableStream<Uint8Array> | null)?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    chunks.push(value);
    if (length <= MAX_BODY_BYTES) continue;
    await reader.cancel();
    throw new Refusal(413, `The body is too long: the limit is ${MAX_BODY_BYTES} bytes`);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** The names of errors of a wrong request. */
const MISUSE: ReadonlySet<string> = new Set(["TypeError", "RangeError", "DataCloneError"]);

/** A client repeats a request with a status from 500 without end. So only failures of the store have one. */
function failure(error: unknown): Response {
  if (error instanceof Refusal) return new Response(error.message, { status: error.status });
  const isMisuse = isErrorLike(error) && MISUSE.has(error.name);
  const text = isErrorLike(error) ? error.message : describe(error);
  return new Response(text, { status: isMisuse ? 400 : 500 });
}
