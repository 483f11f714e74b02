/**
 * A function in the style of serverless platforms: a `fetch` handler that counts its visitors. The store is opened by the
 * first request and shared by all. Bundled into one file, engine included, it runs wherever there is a file system:
 *
 * ```sh
 * esbuild examples/serverless.ts --bundle --format=esm --platform=node --target=node20 --outfile=dist/serverless.mjs
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import process from "node:process";
import { open, type Store } from "../mod.ts";

let opening: Promise<Store> | undefined;

/** One store for all requests; an open that failed is tried again by the next request. */
function getStore(): Promise<Store> {
  opening ??= open(process.env.DATA_DIRECTORY ?? "data/serverless").catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

/** Counts without a pause between reading and writing, so that no other request comes in between. */
function countVisit(store: Store): { visits: number; durable: Promise<void> } {
  const before = store.getSync("visits");
  const visits = Number(before ? new TextDecoder().decode(before) : 0) + 1;
  return { visits, durable: store.put("visits", `${visits}`) };
}

export default {
  async fetch(_request: Request): Promise<Response> {
    const { visits, durable } = countVisit(await getStore());
    await durable;
    return Response.json({ visits });
  },
  /** For platforms that say when an instance ends. */
  async close(): Promise<void> {
    await (await opening)?.close();
    opening = undefined;
  },
};
