/**
 * A worker on Node that ships the orders of orders_server.ts. It sees each new order at once, and those that came while
 * it was away. Run as many as you like: an order is shipped once.
 *
 * ```sh
 * node examples/orders_worker.ts data/orders
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import process from "node:process";
import { jsonCodec, open } from "../mod.ts";

const [path = "data/orders"] = process.argv.slice(2);

const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());

await using store = await open({ path, shared: true });
const orders = store.view({ prefix: "order/", value: jsonCodec<{ item: string }>() });

/** Moves an order to those that are shipped. Does nothing if another worker did. */
async function ship(id: string): Promise<void> {
  const shipped = await store.transaction(async (tx) => {
    const order = await tx.view(orders).get(id);
    if (!order) return undefined;
    tx.delete(`order/${id}`);
    tx.put(`shipped/${id}`, order.item);
    return order.item;
  });
  if (shipped !== undefined) console.log(`shipped ${shipped}`);
}

// First what is there, then what comes after that.
const since = store.version;
for await (const id of orders.keys()) await ship(id);
try {
  for await (const change of orders.watch({}, { since, signal: ending.signal })) {
    if (change.type === "put") await ship(change.key);
  }
} catch (error) {
  if (!ending.signal.aborted) throw error;
}
