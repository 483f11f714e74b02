/**
 * The stores of sessions: the contracts that express-session and Hono's packages document, and the packages themselves.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import session from "express-session";
import { Hono } from "hono";
import { type Session, sessionMiddleware } from "hono-sessions";
import { MemoryFileSystem, MemoryStore, open } from "../../mod.ts";
import {
  type ExpressSession,
  type ExpressSessionStore,
  expressStore,
  type HonoSession,
  honoStore,
} from "../../src/adapters/session/mod.ts";
import { misuse, storeError } from "../support/expect.ts";

const DAY = 86_400_000;

/** The result of a call with a callback. */
function called<T>(call: (done: (error: unknown, result?: T) => void) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}

const get = (store: ExpressSessionStore, id: string) => called<ExpressSession | null>((done) => store.get(id, done));
const set = (store: ExpressSessionStore, id: string, value: ExpressSession) =>
  called<void>((done) => store.set(id, value, done));
const near = (time: number | undefined, expected: number) =>
  assert.ok(Math.abs((time ?? 0) - Date.now() - expected) < 60_000, `${time} is not ${expected} from now`);

test("express-session: get, set, destroy, touch, all, length and clear, as it documents them", async () => {
  const store = expressStore(session, new MemoryStore());
  assert.ok(store instanceof session.Store);
  assert.equal((await get(store, "a")) ?? null, null);
  const ada = { cookie: { maxAge: DAY }, name: "Ada" };
  assert.equal((await set(store, "a", ada)) ?? null, null);
  await set(store, "b", { cookie: {} });
  assert.deepEqual(await get(store, "a"), ada);
  assert.deepEqual(await called((done) => store.all(done)), [
    { ...ada, id: "a" },
    { cookie: {}, id: "b" },
  ]);
  assert.equal(await called((done) => store.length(done)), 2);
  await called<void>((done) => store.destroy("a", done));
  await called<void>((done) => store.destroy("a", done));
  assert.equal(await called((done) => store.length(done)), 1);
  await called<void>((done) => store.clear(done));
  assert.equal(await called((done) => store.length(done)), 0);
  // All but `get`, `all` and `length` are called without a callback, too.
  store.set("c", ada);
  store.touch("c", ada);
  assert.ok(await get(store, "c"));
  store.destroy("c");
  store.clear();
  assert.equal(await get(store, "c"), null);
});

test("express-session: a session lives until its cookie expires, or for the option `ttl`", async () => {
  const memory = new MemoryStore();
  const store = expressStore(session, memory, { ttl: 3 * DAY });
  const expiryOf = async (cookie: object) => {
    await set(store, "id", { cookie });
    return (await memory.getEntry("id"))?.expiresAt;
  };
  near(await expiryOf({ maxAge: DAY }), DAY);
  near(await expiryOf({ expires: new Date(Date.now() + 2 * DAY) }), 2 * DAY);
  near(await expiryOf({ expires: new Date(Date.now() + 2 * DAY).toISOString(), maxAge: DAY }), 2 * DAY);
  near(await expiryOf({ expires: null }), 3 * DAY);
  near(await expiryOf({ expires: false, maxAge: null }), 3 * DAY);
  assert.ok(((await expiryOf({ expires: new Date(8.64e15) })) ?? 0) > 1e14);
  assert.equal(await expiryOf({ maxAge: -1 }), undefined);
  assert.equal(await get(store, "id"), null);
  const forEver = expressStore(session, memory, { ttl: Number.POSITIVE_INFINITY });
  await set(forEver, "ever", { cookie: {} });
  assert.equal((await memory.getEntry("ever"))?.expiresAt, undefined);
  for (const ttl of [0, -1, Number.NaN, "1"]) {
    assert.throws(() => expressStore(session, memory, { ttl: ttl as number }), misuse(RangeError, "'ttl'"));
  }
});

test("express-session: a touch changes the cookie and the expiry, and nothing else", async () => {
  const memory = new MemoryStore();
  const store = expressStore(session, memory);
  const touch = (id: string, given: ExpressSession) => called<void>((done) => store.touch(id, given, done));
  const before: ExpressSession & { count: number } = { cookie: { maxAge: DAY }, count: 1 };
  await set(store, "id", before);
  await touch("id", { ...before, cookie: { maxAge: 5 * DAY }, count: 2 } as ExpressSession);
  assert.deepEqual(await get(store, "id"), { cookie: { maxAge: 5 * DAY }, count: 1 });
  near((await memory.getEntry("id"))?.expiresAt, 5 * DAY);
  await touch("missing", before);
  assert.equal(await get(store, "missing"), null);
  await touch("id", { cookie: { maxAge: 0 } });
  assert.equal(await get(store, "id"), null);
});

test("express-session: errors reach the callback, and one after `close` nobody", async () => {
  const memory = new MemoryStore();
  const store = expressStore(session, memory);
  await assert.rejects(get(store, ""), misuse(RangeError, "empty key"));
  await memory.put("damaged", "{");
  await assert.rejects(get(store, "damaged"), SyntaxError);
  const circular: ExpressSession & { self?: unknown } = { cookie: {} };
  circular.self = circular;
  await assert.rejects(set(store, "id", circular), TypeError);
  await store.close();
  await assert.rejects(get(store, "id"), storeError("STORE_CLOSED"));
  store.set("id", { cookie: {} });
});

test("express-session keeps its sessions in a store across restarts", async () => {
  const fileSystem = new MemoryFileSystem();
  const config = { path: "sessions", fileSystem };
  let cookie = "";
  for (const expected of [1, 2]) {
    const store = expressStore(session, config);
    const options = { store, secret: "s", resave: false, saveUninitialized: false, rolling: true };
    const middleware = session({ ...options, cookie: { maxAge: DAY } }) as unknown as (
      request: IncomingMessage,
      response: object,
      next: (error?: unknown) => void,
    ) => void;
    const server = createServer((request, response) => {
      middleware(request, response, (error) => {
        const { session: own } = request as unknown as { session: { count?: number; destroy(done: () => void): void } };
        if (error) return void response.writeHead(500).end(String(error));
        if (request.url === "/out") return own.destroy(() => response.end("out"));
        own.count = (own.count ?? 0) + (request.url === "/count" ? 1 : 0);
        response.end(String(own.count));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const ask = async (path: string) => {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      const answer = await fetch(address, { headers: { cookie, connection: "close" } });
      cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return await answer.text();
    };
    assert.equal(await ask("/count"), String(expected));
    assert.equal(await ask("/look"), String(expected)); // a touch
    assert.equal(await called((done) => store.length(done)), 1);
    if (expected === 2) {
      assert.equal(await ask("/out"), "out");
      assert.equal(await called((done) => store.length(done)), 0);
      assert.equal(await ask("/look"), "0");
    }
    await new Promise((resolve) => server.close(resolve));
    await store.close();
  }
});

test("hono-sessions: its four methods, with expiry", async () => {
  const memory = new MemoryStore();
  const store = honoStore(memory, { ttl: 3 * DAY });
  const data: HonoSession = { _id: "a", _data: {}, _expire: null, _delete: false, _accessed: null };
  assert.equal(await store.getSessionById(undefined), null);
  assert.equal(await store.getSessionById("a"), null);
  await store.createSession("a", data);
  assert.deepEqual(await store.getSessionById("a"), data);
  near((await memory.getEntry("a"))?.expiresAt, 3 * DAY);
  const later = {
    ...data,
    _data: { name: { value: "Ada", flash: false } },
    _expire: new Date(Date.now() + DAY).toISOString(),
  };
  await store.persistSessionData("a", later);
  assert.deepEqual(await store.getSessionById("a"), later);
  near((await memory.getEntry("a"))?.expiresAt, DAY);
  await store.persistSessionData("a", { ...later, _expire: new Date(0).toISOString() });
  assert.equal(await store.getSessionById("a"), null);
  await store.createSession("a", data);
  await store.deleteSession("a");
  assert.equal(await store.getSessionById("a"), null);
});

test("@hono/session: get, set and delete", async () => {
  const memory = new MemoryStore();
  const store = honoStore<{ name: string }>(memory, { ttl: DAY });
  assert.equal(await store.get("a"), null);
  await store.set("a", { name: "Ada" });
  assert.deepEqual(await store.get("a"), { name: "Ada" });
  near((await memory.getEntry("a"))?.expiresAt, DAY);
  await store.delete("a");
  assert.equal(await store.get("a"), null);
});

test("hono-sessions keeps its sessions in a store across restarts", async () => {
  const config = { path: "sessions", fileSystem: new MemoryFileSystem() };
  let cookie = "";
  for (const expected of ["1", "2"]) {
    const store = honoStore(config);
    const app = new Hono<{ Variables: { session: Session<{ count: number }> } }>();
    app.use(sessionMiddleware({ store, expireAfterSeconds: 900, sessionCookieName: "sid" }) as never);
    app.get("/count", (c) => {
      const own = c.get("session");
      own.set("count", (own.get("count") ?? 0) + 1);
      return c.text(String(own.get("count")));
    });
    app.get("/out", (c) => {
      c.get("session").deleteSession();
      return c.text("out");
    });
    const ask = async (path: string) => {
      const answer = await app.request(path, { headers: { cookie } });
      cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return await answer.text();
    };
    assert.equal(await ask("/count"), expected);
    near((await (await store.store()).getEntry(cookie.slice(4)))?.expiresAt, 900_000);
    if (expected === "2") {
      await ask("/out");
      assert.equal(await (await store.store()).count(), 0);
    }
    await store.close();
  }
  await using store = await open(config);
  assert.equal(await store.count(), 0);
});
