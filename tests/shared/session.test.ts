/**
 * What the owner tells a client, and when.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { type Deferred, deferred } from "../../src/promises.ts";
import { Kind, type Message } from "../../src/shared/frame.ts";
import type { OwnedStore } from "../../src/shared/owned_store.ts";
import { clientsWithRecords, Requests } from "../../src/shared/requests.ts";
import { Session } from "../../src/shared/session.ts";
import { notedLink } from "./noted_link.ts";

/** A store whose commits survive the process only when the test says so. */
class SlowStore extends MemoryStore {
  waiting: Deferred<void> | undefined;

  override written(): Promise<void> | undefined {
    return this.waiting?.promise;
  }
}

function sessionOf(store: OwnedStore): { session: Session; sent: Message[] } {
  const sent: Message[] = [];
  const link = notedLink(sent);
  const requests = new Requests(store, "0".repeat(32));
  return {
    session: new Session({ store, link, requests, durable: undefined, dropRecords: async () => {}, failed: () => {} }),
    sent,
  };
}

const call = (id: number, method: string, ...args: unknown[]): Message => ({
  kind: Kind.CALL,
  id,
  body: { method, args },
});
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

describe("a session", () => {
  test("tells of no commit that would be lost with the owner", async () => {
    const store = new SlowStore();
    const { session, sent } = sessionOf(store);
    store.putSync("a", "1");
    store.waiting = deferred<void>();
    const key = new TextEncoder().encode("a");
    session.received(call(1, "get", key));
    session.received(call(2, "walk", {}));
    // It also tells what is not there.
    session.received(call(3, "compareAndSet", key, 99, "2"));
    await turn();
    assert.deepEqual(sent, []);
    store.waiting.resolve();
    store.waiting = undefined;
    await turn();
    assert.deepEqual(
      sent.map(({ id, kind }) => [id, kind]).sort(),
      [
        [1, Kind.ANSWER],
        [2, Kind.ANSWER],
        [2, Kind.ITEMS],
        [3, Kind.ANSWER],
      ].sort(),
    );
  });

  test("answers with an error if the answer cannot be sent", async () => {
    const store = new SlowStore();
    store.getSync = () => (() => {}) as never;
    const { session, sent } = sessionOf(store);
    session.received(call(1, "get", Uint8Array.of(97)));
    await turn();
    assert.deepEqual(
      sent.map(({ id, kind }) => [id, kind]),
      [[1, Kind.FAILURE]],
    );
  });

  test("knows of a client whose records were removed", async () => {
    const store = new SlowStore();
    const client = "1".repeat(32);
    const requests = new Requests(store, client);
    const record = requests.record(6, [true, "result"]);
    store.batchSync([record]);
    assert.deepEqual(
      [requests.resultOf(6), requests.resultOf(7), requests.isNew(7), requests.isNew(8)],
      [[true], ["result"], false, true],
    );
    assert.deepEqual(clientsWithRecords(store), [client]);
    await requests.lose();
    assert.deepEqual([new Requests(store, client).resultOf(7), requests.wereLost()], [undefined, true]);
    assert.deepEqual(clientsWithRecords(store), []);
    await requests.forget();
    assert.deepEqual([requests.wereLost(), store.countSync()], [false, 0]);
  });

  test("deletes nothing that was written after a deletion of a range came for the first time", async () => {
    const store = new MemoryStore() as unknown as OwnedStore;
    store.putSync("a", "before");
    const deletion: Message = { kind: Kind.CALL, id: 1, body: { method: "deleteRange", args: [{}], sequence: 1 } };
    sessionOf(store).session.received(deletion);
    store.putSync("a", "after");
    // The owner ends before it has answered. The next one gets the call again.
    const { session, sent } = sessionOf(store);
    session.received(deletion);
    while (sent.length === 0) await turn();
    assert.deepEqual(
      sent.map(({ kind, body }) => [kind, (body as unknown[])[1]]),
      [[Kind.ANSWER, 0]],
    );
    assert.equal(new TextDecoder().decode(store.getSync("a")), "after");
  });

  test("says why a snapshot could not be opened, also to reads that came with it", async () => {
    const store = new MemoryStore() as unknown as OwnedStore;
    store.putSync("a", "1");
    store.putSync("a", "2");
    const { session, sent } = sessionOf(store);
    session.received(call(1, "snapshot", { version: 1 }));
    session.received({ kind: Kind.CALL, id: 2, body: { method: "count", args: [{}], holder: 1 } });
    while (sent.length < 2) await turn();
    const codes = sent.map(({ body }) => ((body as unknown[])[1] as { code: string }).code);
    assert.deepEqual(codes, ["VERSION_GONE", "VERSION_GONE"]);
  });
});
