/**
 * A cache of Next.js 15 and 16 in a store: pages, images and `fetch` results stay over restarts. Compile it to
 * `cache-handler.mjs`, and name it in `next.config.js`:
 *
 * ```js
 * module.exports = { cacheHandler: require.resolve("./cache-handler.mjs"), cacheMaxMemorySize: 0 };
 * ```
 *
 * A store has one owner at a time, so this is for one process of `next start`. During `next build`, which has several
 * processes, the handler caches nothing.
 *
 * In a project of your own, import from "@luge/luge" and "@luge/luge/codecs".
 *
 * @module
 */

import process from "node:process";
import { open, type SledStore, utf8Codec, type View } from "../mod.ts";
import { cloneCodec } from "../src/codecs/mod.ts";

/** What Next gives to `get` and `set`. */
export interface CacheContext {
  readonly tags?: readonly string[];
  /** The tags of the route, for `revalidatePath`. */
  readonly softTags?: readonly string[];
}

/** What Next stores: of a page, a route, an image or a `fetch`. */
export type CacheValue = { readonly kind: string; readonly headers?: object } & { readonly [name: string]: unknown };

/** What `get` returns. */
export interface CacheEntry {
  readonly value: CacheValue | null;
  /** In milliseconds since 1970. */
  readonly lastModified: number;
  readonly tags: readonly string[];
}

interface Cache {
  readonly store: SledStore;
  readonly entries: View<CacheEntry>;
  /** The tags that were revalidated. The version of such an entry says when. */
  readonly tags: View<string>;
}

/** Where Next puts the tags of a page. */
const TAGS_HEADER = "x-next-cache-tags";

let opening: Promise<Cache> | undefined;

/** One store for all requests. An open that failed is tried again by the next request. */
function cache(): Promise<Cache> {
  opening ??= openCache().catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

async function openCache(): Promise<Cache> {
  // A cache may lose its newest entries in a crash: Next makes them again.
  const store = await open({ path: process.env.NEXT_CACHE_DIRECTORY ?? ".next/cache/luge", syncWrites: false });
  return {
    store,
    entries: store.view({ prefix: "entry/", value: cloneCodec<CacheEntry>() }),
    tags: store.view({ prefix: "tag/", value: utf8Codec }),
  };
}

/** Closes the store, before the process ends. Nothing is lost without it but the time of the next open. */
export async function closeCache(): Promise<void> {
  await (await opening)?.store.close();
  opening = undefined;
}

/** The handler. Next makes one for each request. */
export default class CacheHandler {
  // biome-ignore lint/complexity/noUselessConstructor: Next passes its options.
  constructor(_options?: object) {}

  /** The entry of a key; `null` if there is none, or if one of its tags was revalidated since. */
  async get(key: string, { tags = [], softTags = [] }: CacheContext = {}): Promise<CacheEntry | null> {
    if (isBuilding()) return null;
    const { entries, tags: revalidated } = await cache();
    const found = await entries.getEntry(key);
    if (!found) return null;
    const { value: entry, version } = found;
    const all = named(new Set([...entry.tags, ...tags, ...softTags]));
    // Versions are in the order of the commits. Two times may be the same.
    if ((await revalidated.getEntries(all)).some((tag) => tag !== undefined && tag.version > version)) return null;
    return { ...entry, value: withBuffers(entry.value) };
  }

  /** Sets a key. Next sets `null` for a page that does not exist any more. */
  async set(key: string, value: CacheValue | null, { tags = [] }: CacheContext = {}): Promise<void> {
    if (isBuilding()) return;
    const { entries } = await cache();
    await entries.put(key, { value, lastModified: Date.now(), tags: [...tags, ...tagsOf(value)] });
  }

  /** Makes all entries with one of these tags stale. It is durable: after a crash they do not come back. */
  async revalidateTag(tags: string | readonly string[]): Promise<void> {
    if (isBuilding()) return;
    const { store, tags: revalidated } = await cache();
    await revalidated.batch(named([tags].flat()).map((key) => ({ type: "put", key, value: "" })));
    await store.flush();
  }

  /** Next calls it before each request. This handler keeps nothing for one request. */
  resetRequestCache(): void {}
}

function isBuilding(): boolean {
  return process.env.NEXT_PHASE === "phase-production-build";
}

function tagsOf(value: CacheValue | null): string[] {
  const header = (value?.headers as { readonly [name: string]: unknown } | undefined)?.[TAGS_HEADER];
  return typeof header === "string" ? header.split(",").filter((tag) => tag !== "") : [];
}

/** The tags but for an empty one, which Next allows: it cannot be a key. */
function named(tags: Iterable<string>): string[] {
  return [...tags].filter((tag) => tag !== "");
}

/** Next expects each `Uint8Array` as a `Buffer`. */
function withBuffers(value: CacheValue | null): CacheValue | null {
  return (
    value && (Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toBuffer(part)])) as CacheValue)
  );
}

function toBuffer(part: unknown): unknown {
  if (part instanceof Uint8Array) return Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  if (part instanceof Map) return new Map([...part].map(([name, each]) => [name, toBuffer(each)]));
  return part;
}
