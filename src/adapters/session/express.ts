/**
 * A store for express-session.
 *
 * @module
 */

import type { AsyncStore } from "../../api/async_store.ts";
import type { AsyncTarget } from "../target.ts";
import { type SessionOptions, Sessions } from "./sessions.ts";

/** A session as express-session passes it. */
export interface ExpressSession {
  readonly cookie: {
    readonly expires?: Date | string | boolean | null | undefined;
    readonly maxAge?: number | null | undefined;
  };
}

/** Called once a call is done. */
type Done<T> = (error: unknown, result?: T) => void;

/** The methods that express-session documents. */
export interface ExpressSessionStore {
  get(id: string, done: Done<ExpressSession | null>): void;
  /** The session lives until its cookie expires. */
  set(id: string, session: ExpressSession, done?: Done<void>): void;
  destroy(id: string, done?: Done<void>): void;
  /** Sets the cookie of a session, and so its expiry, and nothing else. */
  touch(id: string, session: ExpressSession, done?: Done<void>): void;
  /** All sessions, each with its `id`. */
  all(done: Done<(ExpressSession & { id: string })[]>): void;
  length(done: Done<number>): void;
  clear(done?: Done<void>): void;
  /** Closes the store if it was opened here. */
  close(): Promise<void>;
  /** The store of luge. */
  store(): Promise<AsyncStore>;
}

/**
 * A store for express-session. `session` is the module itself, since stores extend its class. `target` is the path of a
 * directory, a URL or a config: then the store is opened at its first use, by default with `syncWrites: false`. Or it is
 * an open store, or a part of one, which has only sessions: `clear` removes all that it has.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { type ExpressSession, type ExpressSessionStore, expressStore } from "@luge/luge/session";
 * import session from "express-session";
 * import assert from "node:assert/strict";
 *
 * const store: ExpressSessionStore = expressStore(session, new MemoryStore().view({ prefix: "session/" }));
 * const user: ExpressSession & { name: string } = { cookie: { maxAge: 60_000 }, name: "Ada" };
 * await new Promise((resolve) => store.set("id", user, resolve));
 * assert.equal(await new Promise((resolve) => store.length((_, count) => resolve(count))), 1);
 * ```
 */
export function expressStore<S extends object>(
  session: { readonly Store: abstract new () => S },
  target: AsyncTarget,
  options?: SessionOptions,
): S & ExpressSessionStore {
  const sessions = new Sessions<ExpressSession>(target, options);
  const Base = session.Store as unknown as new () => object;

  class LugeSessionStore extends Base implements ExpressSessionStore {
    get(id: string, done: Done<ExpressSession | null>): void {
      settle(
        sessions.get(id).then((found) => found ?? null),
        done,
      );
    }

    set(id: string, given: ExpressSession, done?: Done<void>): void {
      settle(sessions.set(id, given, expiryOf(given)), done);
    }

    destroy(id: string, done?: Done<void>): void {
      settle(sessions.delete(id), done);
    }

    touch(id: string, { cookie }: ExpressSession, done?: Done<void>): void {
      settle(
        sessions.change(id, expiryOf({ cookie }), (found) => ({ ...found, cookie })),
        done,
      );
    }

    all(done: Done<(ExpressSession & { id: string })[]>): void {
      settle(
        sessions.all().then((all) => all.map(([id, found]) => ({ ...found, id }))),
        done,
      );
    }

    length(done: Done<number>): void {
      settle(sessions.count(), done);
    }

    clear(done?: Done<void>): void {
      settle(sessions.clear(), done);
    }

    close(): Promise<void> {
      return sessions.close();
    }

    store(): Promise<AsyncStore> {
      return sessions.store();
    }
  }

  return new LugeSessionStore() as unknown as S & ExpressSessionStore;
}

/** When the cookie expires: its `expires`, or its `maxAge` from now. */
function expiryOf({ cookie }: ExpressSession): unknown {
  const { expires, maxAge } = cookie ?? {};
  return expires || typeof maxAge !== "number" ? expires : new Date(Date.now() + maxAge);
}

function settle<T>(work: Promise<T>, done: Done<T> = () => {}): void {
  // Not `catch`: what a callback throws must not reach it as a failure of the store.
  work.then((result) => done(null, result), done);
}
