/**
 * Stores for sessions of web frameworks: of express-session, and of Hono's `hono-sessions` and `@hono/session`.
 *
 * @example
 * ```ts
 * import { expressStore } from "@luge/luge/session";
 * import { MemoryStore } from "@luge/luge";
 * import session from "express-session";
 *
 * const store = expressStore(session, new MemoryStore()); // or: expressStore(session, "data/sessions")
 * const middleware = session({ store, secret: "change me", resave: false, saveUninitialized: false });
 * console.log(middleware.length); // app.use(middleware)
 * ```
 *
 * @module
 */

export { type ExpressSession, type ExpressSessionStore, expressStore } from "./express.ts";
export { type HonoSession, type HonoSessionStore, honoStore } from "./hono.ts";
export type { SessionOptions } from "./sessions.ts";
