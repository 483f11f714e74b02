/**
 * A server on Deno that takes orders. A worker on Node ships them: see orders_worker.ts. Both use one store, and so does
 * the command line beside them.
 *
 * ```sh
 * deno run --allow-net=127.0.0.1,unix:$PWD/data/orders/shared/socket --allow-read=data --allow-write=data examples/orders_server.ts data/orders 8000
 * node examples/orders_worker.ts data/orders
 * curl -d '{"item":"tea"}' http://127.0.0.1:8000/
 * luge watch data/orders shipped/
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import { jsonCodec, open } from "../mod.ts";

const [path = "data/orders", port = "8000"] = Deno.args;

await using store = await open({ path, shared: true });
const orders = store.view({ prefix: "order/", value: jsonCodec<{ item: string }>() });

async function handle(request: Request): Promise<Response> {
  if (request.method !== "POST") return Response.json(await store.keys({ prefix: "shipped/" }).toArray());
  const order = (await request.json().catch(() => undefined)) as { item?: unknown } | undefined;
  if (typeof order?.item !== "string") return new Response('expected {"item":"…"}\n', { status: 400 });
  const id = crypto.randomUUID();
  await orders.put(id, { item: order.item }); // durable before the client hears of it
  return Response.json({ id }, { status: 201 });
}

const server = Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, handle);
Deno.addSignalListener("SIGTERM", () => server.shutdown());
await server.finished;
