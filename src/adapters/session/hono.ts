/**
 * A store for sessions in Hono. Hono has no contract of its own: two packages are common, and each has one.
 *
 * @module
 */

import type { AsyncStore } from "../../api/async_store.ts";
import type { AsyncTarget } from "../target.ts";
import { type SessionOptions, Sessions } from "./sessions.ts";

/** A session as `hono-sessions` passes it. */
export interface HonoSession {
  _id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: as that package types it
  _data: Record<string, any>;
  /** When it expires, as ISO text. */
  _expire: string | null;
  _delete: boolean;
  _accessed: string | null;
}

/** The methods of both packages. */
export interface HonoSessionStore<T = unknown> {
  /** For `hono-sessions`. */
  getSessionById(id?: string): Promise<HonoSession | null>;
  createSession(id: string, session: HonoSession): Promise<void>;
  /** The session lives until its `_expire`. */
  persistSessionData(id: string, session: HonoSession): Promise<void>;
  deleteSession(id: string): Promise<void>;
  /** For `@hono/session`, whose sessions do not say when they expire. */
  get(id: string): Promise<T | null>;
  set(id: string, session: T): Promise<void>;
  delete(id: string): Promise<void>;
  /** Closes the store if it was opened here. */
  close(): Promise<void>;
  /** The store of luge. */
  store(): Promise<AsyncStore>;
}

/**
 * A store for `hono-sessions` and for `@hono/session`. `target` is the path of a directory, a URL or a config: then the
 * store is opened at its first use, by default with `syncWrites: false`. Or it is an open store, or a part of one.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { type HonoSession, type HonoSessionStore, honoStore } from "@luge/luge/session";
 * import { Hono } from "hono";
 * import { sessionMiddleware } from "hono-sessions";
 * import assert from "node:assert/strict";
 *
 * const store: HonoSessionStore = honoStore(new MemoryStore()); // or: honoStore("data/sessions")
 * const app = new Hono();
 * app.use(sessionMiddleware({ store, expireAfterSeconds: 900 }));
 * app.get("/", (c) => c.text("hello"));
 * const cookie = (await app.request("/")).headers.get("set-cookie") ?? "";
 * const found: HonoSession | null = await store.getSessionById(/session=([^;]+)/.exec(cookie)?.[1]);
 * assert.deepEqual(found?._data, {});
 * ```
 */
export function honoStore<T = unknown>(target: AsyncTarget, options?: SessionOptions): HonoSessionStore<T> {
  const sessions = new Sessions<T | HonoSession>(target, options);
  const find = async (id: string) => (await sessions.get(id)) ?? null;
  const persist = (id: string, session: HonoSession) => sessions.set(id, session, session._expire);
  return {
    getSessionById: async (id) => (id ? ((await find(id)) as HonoSession | null) : null),
    createSession: persist,
    persistSessionData: persist,
    deleteSession: (id) => sessions.delete(id),
    get: async (id) => (await find(id)) as T | null,
    set: (id, session) => sessions.set(id, session, undefined),
    delete: (id) => sessions.delete(id),
    close: () => sessions.close(),
    store: () => sessions.store(),
  };
}
