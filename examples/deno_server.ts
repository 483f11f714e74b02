/**
 * An HTTP server on Deno that keeps what it is given: `PUT /key`, `GET /key`, `DELETE /key`, `GET /?prefix=`.
 *
 * ```sh
 * deno run --allow-net=127.0.0.1 --allow-read=data --allow-write=data examples/deno_server.ts data/server 8000
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import { open, type Store } from "../mod.ts";

const MAX_BODY_BYTES = 1024 * 1024;

/** Answers one request from the store. */
async function handle(request: Request, store: Store): Promise<Response> {
  const url = new URL(request.url);
  const key = keyOf(url);
  if (key === undefined) return new Response("wrong key: expected UTF-8 in percent-encoding\n", { status: 400 });
  if (key === "") return Response.json([...(await store.scan(url.searchParams.get("prefix") ?? "")).keys()]);
  switch (request.method) {
    case "GET": {
      const value = await store.get(key);
      return value ? new Response(new Uint8Array(value)) : new Response("not found\n", { status: 404 });
    }
    case "PUT": {
      const body = await request.bytes();
      if (body.length > MAX_BODY_BYTES) return new Response("too large\n", { status: 413 });
      await store.put(key, body); // durable before the client hears of it
      return new Response(undefined, { status: 204 });
    }
    case "DELETE":
      await store.delete(key);
      return new Response(undefined, { status: 204 });
    default:
      return new Response("method not allowed\n", { status: 405 });
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
    return new Response(`${error.message}\n`, { status: 400 });
  }
  console.error(error);
  return new Response("internal error\n", { status: 500 });
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
