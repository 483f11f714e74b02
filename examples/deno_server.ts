/**
 * An HTTP server on Deno that keeps what it is given: `PUT /key`, `GET /key`, `DELETE /key`, `GET /?prefix=`.
 *
 * ```sh
 * deno run --allow-net=127.0.0.1 --allow-read=data --allow-write=data examples/deno_server.ts data/server 8000
 * ```
 *
 * In a project of your own, import from "@luge/luge", and `deno add jsr:@std/http jsr:@std/streams`.
 *
 * @module
 */

import { ifNoneMatch } from "@std/http/etag";
import { STATUS_CODE } from "@std/http/status";
import { LimitedBytesTransformStream, toBytes } from "@std/streams";
import { open, type Store } from "../mod.ts";

const MAX_BODY_BYTES = 1024 * 1024;

/** The body of a request; `undefined` when it is too long. Not more than the limit is read into memory. */
async function bodyOf({ body }: Request): Promise<Uint8Array | undefined> {
  if (!body) return new Uint8Array();
  try {
    return await toBytes(body.pipeThrough(new LimitedBytesTransformStream(MAX_BODY_BYTES, { error: true })));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Answers one request from the store. */
async function handle(request: Request, store: Store): Promise<Response> {
  const url = new URL(request.url);
  const key = keyOf(url);
  if (key === undefined) return new Response("wrong key: expected UTF-8 in percent-encoding\n", { status: 400 });
  if (key === "") return Response.json([...(await store.scan(url.searchParams.get("prefix") ?? "")).keys()]);
  switch (request.method) {
    case "GET": {
      const entry = await store.getEntry(key);
      if (!entry) return new Response("not found\n", { status: STATUS_CODE.NotFound });
      const headers = { etag: `"${entry.version}"` }; // a version is used for one commit and never again
      const isNew = ifNoneMatch(request.headers.get("if-none-match"), headers.etag);
      if (!isNew) return new Response(undefined, { status: STATUS_CODE.NotModified, headers });
      return new Response(new Uint8Array(entry.value), { headers });
    }
    case "PUT": {
      const body = await bodyOf(request);
      if (!body) return new Response("too large\n", { status: STATUS_CODE.ContentTooLarge });
      await store.put(key, body); // durable before the client hears of it
      return new Response(undefined, { status: STATUS_CODE.NoContent });
    }
    case "DELETE":
      await store.delete(key);
      return new Response(undefined, { status: STATUS_CODE.NoContent });
    default:
      return new Response("method not allowed\n", { status: STATUS_CODE.MethodNotAllowed });
  }
}

/** The key of a path; `undefined` for what is no percent-encoded text. */
function keyOf({ pathname }: URL): string | undefined {
  try {
    return decodeURIComponent(pathname.slice(1));
  } catch {
    return undefined;
  }
}

/** A wrong key is the client's fault; anything else is ours, and nobody's business. */
function failed(error: unknown): Response {
  if (error instanceof RangeError || error instanceof TypeError) {
    return new Response(`${error.message}\n`, { status: STATUS_CODE.BadRequest });
  }
  console.error(error);
  return new Response("internal error\n", { status: STATUS_CODE.InternalServerError });
}

const [path = "data/server", port = "8000"] = Deno.args;
const store = await open(path);
const server = Deno.serve(
  { hostname: "127.0.0.1", port: Number(port), onListen: ({ port }) => console.log(`http://127.0.0.1:${port}/`) },
  (request) => handle(request, store).catch(failed),
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => server.shutdown());
}
await server.finished;
await store.close();
console.log("closed");
