/**
 * A client that connects again while the owner still has its last connection.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { open, type SharedStore } from "../../mod.ts";
import { type Timers, timers } from "../../src/clock.ts";
import { deferred } from "../../src/promises.ts";
import { encodeFrame, Kind, type Message } from "../../src/shared/frame.ts";
import { helloFrame } from "../../src/shared/greeting.ts";
import { SocketLink } from "../../src/shared/socket_link.ts";
import { wayToSocket } from "../../src/shared/socket_path.ts";
import { withDirectory } from "../support/temporary.ts";

const CLIENT = "5".repeat(32);
const KEY = new TextEncoder().encode("key");

/** A connection by hand. */
class Connection {
  readonly link: SocketLink;
  readonly ended = deferred<void>();
  readonly #received: Message[] = [];
  #waiting = deferred<void>();

  private constructor(link: (receive: (message: Message) => void, end: () => void) => SocketLink) {
    this.link = link(
      (message) => {
        this.#received.push(message);
        this.#waiting.resolve();
      },
      () => this.ended.resolve(),
    );
  }

  /** Connects, and says its name. */
  static async to(store: SharedStore): Promise<Connection> {
    const way = wayToSocket(store.path);
    const socket = connect(way.path);
    await once(socket, "connect");
    way.close();
    const connection = new Connection((received, ended) => new SocketLink(socket, { received, ended }, 1024 * 1024));
    connection.link.send(helloFrame({ client: CLIENT, durable: false }));
    assert.equal((await connection.next()).kind, Kind.WELCOME);
    return connection;
  }

  send(kind: Kind, id: number, body: unknown): void {
    this.link.send(encodeFrame({ kind, id, body }));
  }

  /** The next message of the owner. */
  async next(): Promise<Message> {
    while (this.#received.length === 0) {
      this.#waiting = deferred<void>();
      await this.#waiting.promise;
    }
    return this.#received.shift() as Message;
  }
}

/** The waits for a minute that begin, until it is disposed. */
function minutes(): Disposable & { readonly begun: number } {
  const real: Timers["setTimeout"] = timers.setTimeout;
  const noted = {
    begun: 0,
    [Symbol.dispose]: () => {
      timers.setTimeout = real;
    },
  };
  timers.setTimeout = (job, ms) => {
    if (ms === 60_000) noted.begun += 1;
    return real(job, ms);
  };
  return noted;
}

describe("a client that connects again", () => {
  test("is heard over its newest connection alone, and is not forgotten when the last one ends", () =>
    withDirectory(async (path) => {
      await using store = await open({ path, shared: true });
      const first = await Connection.to(store);
      using waits = minutes();
      // Both come at once: the owner reads the new connection, and what is left of the last one.
      const coming = Connection.to(store);
      const second = await coming;
      first.send(Kind.CALL, 7, { method: "increment", args: [KEY], sequence: 1 });
      second.send(Kind.CALL, 7, { method: "increment", args: [KEY], sequence: 1 });
      const { kind, body } = await second.next();
      assert.deepEqual([kind, (body as [number, number])[1]], [Kind.ANSWER, 1]);
      const answered = first.next().then(() => "answered");
      assert.equal(await Promise.race([first.ended.promise, answered]), undefined);
      assert.equal(await store.increment("key", 0), 1);
      assert.equal(waits.begun, 0);
      second.link.destroy();
      await second.ended.promise;
      const again = await Connection.to(store);
      assert.equal(waits.begun, 1);
      again.send(Kind.CALL, 8, { method: "increment", args: [KEY], sequence: 1 });
      assert.deepEqual((await again.next()).body, [store.version, 1]);
      again.link.end();
      await again.ended.promise;
    }));

  const stays = Uint8Array.of(7);
  for (const [method, args, result] of [
    ["compareAndSet", [KEY, undefined, stays], false],
    ["touch", [Uint8Array.of(1), 1000], false],
    ["replace", [KEY, undefined, stays], false],
    ["commit", [[{ type: "put", key: KEY, value: stays }], { checks: [{ key: KEY }] }], undefined],
  ] as const) {
    test(`gets the same from ${method} again that changed nothing: its own deletion came after it`, () =>
      withDirectory(async (path) => {
        await using store = await open({ path, shared: true, syncWrites: false });
        await store.put("key", "before");
        const first = await Connection.to(store);
        first.send(Kind.CALL, 1, { method, args, sequence: 1 });
        first.send(Kind.CALL, 2, { method: "delete", args: [KEY], sequence: 2 });
        for (let answers = 0; answers < 2; answers++) await first.next();
        await store.put(Uint8Array.of(1), "there now");
        const second = await Connection.to(store);
        second.send(Kind.CALL, 1, { method, args, sequence: 1 });
        assert.deepEqual((await second.next()).body, [store.version, result]);
        assert.equal(await store.has("key"), false);
        second.link.end();
        await second.ended.promise;
      }));
  }

  test("has its transaction once, although the last connection is about to commit it", () =>
    withDirectory(async (path) => {
      await using store = await open({ path, shared: true });
      const add = async (connection: Connection, id: number) => {
        connection.send(Kind.CALL, id, { method: "transaction", args: [], sequence: 3 });
        return await connection.next();
      };
      const first = await Connection.to(store);
      assert.equal((await add(first, 1)).kind, Kind.ITEMS);
      first.send(Kind.CALL, 2, { method: "append", args: [KEY, Uint8Array.of(1)], holder: 1 });
      first.send(Kind.END, 1, true);
      const second = await Connection.to(store);
      const begun = await add(second, 4);
      if (begun.kind === Kind.ITEMS) {
        second.send(Kind.CALL, 5, { method: "append", args: [KEY, Uint8Array.of(1)], holder: 4 });
        second.send(Kind.END, 4, true);
      }
      const ended = begun.kind === Kind.ITEMS ? await second.next() : begun;
      assert.equal(ended.kind, Kind.ANSWER);
      assert.deepEqual([...(store.getSync("key") ?? [])], [1]);
      second.link.end();
      await second.ended.promise;
    }));
});
