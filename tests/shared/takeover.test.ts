/**
 * What may happen while another owner takes over. The campaign `protocol` found each of these.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { describe, test } from "node:test";
import { MemoryStore, open } from "../../mod.ts";
import { deferred } from "../../src/promises.ts";
import { Client } from "../../src/shared/client.ts";
import { encodeFrame, Kind, type Message } from "../../src/shared/frame.ts";
import { helloFrame, welcomeFrame } from "../../src/shared/greeting.ts";
import type { Receiver } from "../../src/shared/link.ts";
import { localLinks } from "../../src/shared/local_link.ts";
import type { Joined } from "../../src/shared/open_call.ts";
import type { OwnedStore } from "../../src/shared/owned_store.ts";
import { Owner } from "../../src/shared/owner.ts";
import { Requests } from "../../src/shared/requests.ts";
import { Session } from "../../src/shared/session.ts";
import { SharedPart } from "../../src/shared/shared_part.ts";
import { SharedSpace } from "../../src/shared/shared_space.ts";
import { SocketLink } from "../../src/shared/socket_link.ts";
import { withDirectory } from "../support/temporary.ts";
import { notedLink } from "./noted_link.ts";

const NAME = "0123456789abcdef".repeat(2);

/** A store on a client that the test made. */
class Part extends SharedPart {
  constructor(client: Client) {
    super(client, new SharedSpace());
  }

  backup(): never {
    throw new Error("not here");
  }

  async restore(): Promise<never> {
    throw new Error("not here");
  }

  async close(): Promise<void> {}

  protected part(): SharedPart {
    return this;
  }
}

/** What an owner says about the records of a client that greets it, and then perhaps makes a call. */
async function hasLost(path: string, call?: Message): Promise<unknown> {
  const socket = connect(`${path}/shared/socket`);
  let lost: unknown;
  await new Promise<void>((resolve) => {
    const received = ({ kind, body }: Message) => {
      if (kind === Kind.WELCOME) lost = (body as unknown[])[3];
      if (kind === Kind.WELCOME && call) link.send(encodeFrame(call));
      else link.end();
    };
    const link: SocketLink = new SocketLink(socket, { received, ended: () => resolve() }, 1 << 20);
    link.send(helloFrame({ client: NAME, durable: true }));
  });
  return lost;
}

const JOINED = { version: 1, epoch: "one", wereLost: false };

/** What a client gets that is the owner of a store. */
function owning(store: OwnedStore, receiver: Receiver): Joined {
  const [own, other] = localLinks();
  own.receiver = receiver;
  const requests = new Requests(store, NAME);
  const parts = { store, link: other, requests, durable: undefined, dropRecords: async () => {}, failed: () => {} };
  const session = new Session(parts);
  other.receiver = { received: (message) => session.received(message), ended: () => session.end() };
  return { ...JOINED, link: own, local: store };
}

describe("while another owner takes over", () => {
  test("a client that becomes the owner in the middle of an update goes on with it", async () => {
    const store = new MemoryStore() as unknown as OwnedStore;
    store.putSync("n", "1");
    let lose = (): void => {};
    const joins = [notedLink([]), undefined];
    const client = new Client(async (receiver) => {
      lose = () => receiver.ended(undefined);
      const link = joins.shift();
      return link ? { ...JOINED, link, local: undefined } : owning(store, receiver);
    });
    await client.start();
    const updated = new Part(client).update("n", (value) => `${new TextDecoder().decode(value)}2`);
    lose();
    assert.equal(await updated, "12");
    assert.equal(new TextDecoder().decode(store.getSync("n")), "12");
    client.close(new Error("over"));
  });

  test("a client hears until it has heard it that its records were removed", () =>
    withDirectory(async (path) => {
      const store = await open(path);
      const owner = await Owner.listen(store, path);
      await new Requests(store, NAME).lose();
      try {
        // The connection ends, and nobody knows whether the client has read what was sent.
        assert.deepEqual([await hasLost(path), await hasLost(path)], [true, true]);
        const call = { kind: Kind.CALL, id: 1, body: { method: "flush", args: [] } };
        assert.deepEqual([await hasLost(path, call), await hasLost(path)], [true, false]);
      } finally {
        await owner.close();
        await store.close();
      }
    }));

  test("an owner that dies while it greets a client is no reason to give up", () =>
    withDirectory(async (path) => {
      await (await open(path)).close();
      mkdirSync(`${path}/shared`);
      const welcome = welcomeFrame(1, { version: 1, epoch: "one", wereLost: false });
      const server = createServer((socket) => {
        server.close();
        socket.once("data", () => socket.end(welcome.subarray(0, 12)));
      });
      await new Promise<void>((resolve) => server.listen(`${path}/shared/socket`, resolve));
      const store = await open({ path, shared: true });
      assert.equal(store.role, "owner");
      await store.close();
    }));

  test("an older connection of a client ends: its calls must not come after those of the new one", () =>
    withDirectory(async (path) => {
      const store = await open(path);
      const owner = await Owner.listen(store, path);
      try {
        const hello = helloFrame({ client: NAME, durable: true });
        const greet = async () => {
          let end = (): void => {};
          const ended = new Promise<void>((resolve) => {
            end = resolve;
          });
          const link = await new Promise<SocketLink>((resolve) => {
            const receiver = { received: () => resolve(made), ended: () => end() };
            const made: SocketLink = new SocketLink(connect(`${path}/shared/socket`), receiver, 1 << 20);
            made.send(hello);
          });
          return { link, ended };
        };
        const [first, second] = [await greet(), await greet()];
        await first.ended;
        second.link.end();
        await second.ended;
      } finally {
        await owner.close();
        await store.close();
      }
    }));

  test("an owner itself hears of no write that would be lost with it", async () => {
    const waiting = deferred<void>();
    const store = Object.assign(new MemoryStore(), { written: () => waiting.promise }) as unknown as OwnedStore;
    const client = new Client(async (receiver) => owning(store, receiver));
    await client.start();
    const heard: unknown[] = [];
    const part = new Part(client);
    const calls = [part.compareAndSet("n", 99, "2"), part.commit([], { checks: [{ key: "n", version: 99 }] })];
    for (const call of calls) void call.then((result) => heard.push(result));
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(heard, []);
    waiting.resolve();
    assert.deepEqual(await Promise.all(calls), [false, undefined]);
    client.close(new Error("over"));
  });
});
