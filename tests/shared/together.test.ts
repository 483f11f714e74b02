/**
 * Calls of one client that come together: what is one commit, what is not, and that each write is done once.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore, StoreError } from "../../mod.ts";
import { Kind, type Message } from "../../src/shared/frame.ts";
import { RESERVED, Requests } from "../../src/shared/requests.ts";
import { Session } from "../../src/shared/session.ts";
import { notedLink } from "./noted_link.ts";

const CLIENT = "2".repeat(32);
const bytes = (text: string) => new TextEncoder().encode(text);
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** A client's connection to a store. */
class Connection {
  readonly store: MemoryStore;
  readonly sent: Message[] = [];
  /** How often the owner was told that its store failed. */
  failures = 0;
  readonly #session: Session;
  #id = 0;

  constructor(store: MemoryStore) {
    this.store = store;
    this.#session = new Session({
      store,
      link: notedLink(this.sent),
      requests: new Requests(store, CLIENT),
      durable: undefined,
      dropRecords: async () => {},
      failed: () => {
        this.failures += 1;
      },
    });
  }

  call(method: string, args: readonly unknown[], sequence?: number): void {
    this.#id += 1;
    const body = { method, args, ...(sequence === undefined ? {} : { sequence }) };
    this.#session.received({ kind: Kind.CALL, id: this.#id, body });
  }

  put(key: string, value: string, sequence: number, options?: object): void {
    this.call("put", [bytes(key), bytes(value), ...(options ? [options] : [])], sequence);
  }

  /** The ids and results of so many answers. */
  async answers(count: number): Promise<unknown[]> {
    while (this.sent.length < count) await turn();
    return this.sent.splice(0).map(({ kind, id, body }) => {
      const [, result] = body as [number, unknown];
      return [id, kind === Kind.ANSWER ? result : (result as Error).message];
    });
  }

  /** How many records there are. */
  get records(): number {
    return this.store.countSync({ gte: RESERVED });
  }
}

describe("calls that come together", () => {
  test("writes are one commit with one record, and are answered in their order", async () => {
    const store = new MemoryStore();
    store.putSync("c", "old");
    const connection = new Connection(store);
    const before = store.version;
    connection.put("a", "1", 5);
    connection.put("b", "2", 6);
    connection.call("delete", [bytes("c")], 7);
    connection.call("delete", [bytes("d")], 8);
    assert.equal(store.version, before);
    assert.deepEqual(await connection.answers(4), [
      [1, undefined],
      [2, undefined],
      [3, true],
      [4, false],
    ]);
    assert.deepEqual([store.version, connection.records], [before + 1, 1]);
    assert.deepEqual([...store.keys({ lt: "z" })], ["a", "b"]);
  });

  test("a read sees the writes before it, and a key that is written twice has two versions", async () => {
    const store = new MemoryStore({ numVersionsToKeep: 5 });
    const connection = new Connection(store);
    connection.put("a", "1", 1);
    connection.call("get", [bytes("a")]);
    connection.put("a", "2", 2);
    connection.put("a", "3", 3);
    connection.call("has", [bytes("a")]);
    connection.call("get", [bytes("a")]);
    const answers = await connection.answers(6);
    assert.deepEqual(
      answers.toSorted((a, b) => (a as [number])[0] - (b as [number])[0]),
      [
        [1, undefined],
        [2, bytes("1")],
        [3, undefined],
        [4, undefined],
        [5, true],
        [6, bytes("3")],
      ],
    );
    assert.equal(store.versionsSync("a").length, 3);
  });

  test("a delete sees the put before it", async () => {
    const connection = new Connection(new MemoryStore());
    connection.put("a", "1", 1);
    connection.call("delete", [bytes("a")], 2);
    connection.put("a", "2", 3);
    assert.deepEqual(await connection.answers(3), [
      [1, undefined],
      [2, true],
      [3, undefined],
    ]);
  });

  test("a store that failed tells so, whatever is asked of it", async () => {
    const store = new MemoryStore();
    const failed = () => {
      throw new StoreError("STORE_FAILED", "the disk is gone");
    };
    Object.assign(store, { getSync: failed, hasSync: failed, get: async () => failed(), has: async () => failed() });
    const connection = new Connection(store);
    connection.call("get", [bytes("a")]);
    connection.call("has", [bytes("a")]);
    connection.call("delete", [bytes("a")], 1);
    const answers = new Map((await connection.answers(3)) as [number, unknown][]);
    assert.deepEqual(
      [1, 2, 3].map((id) => answers.get(id)),
      Array(3).fill("the disk is gone"),
    );
    assert.equal(connection.failures, 3);
  });

  test("other numbers, other options and other calls begin another commit, in the order of the calls", async () => {
    const store = new MemoryStore();
    const connection = new Connection(store);
    const count = () => store.version;
    const from = count();
    connection.put("a", "1", 1);
    connection.put("b", "1", 3);
    connection.put("c", "1", 4, { durable: false });
    connection.put("d", "1", 5, { ttl: 60_000 });
    connection.put("e", "1", 6);
    connection.call("increment", [bytes("n")], 7);
    connection.put("f", "1", 8);
    assert.equal((await connection.answers(7)).length, 7);
    assert.equal(count() - from, 7);
  });

  test("a write that is done is not done again, whatever it came with", async () => {
    const store = new MemoryStore();
    const first = new Connection(store);
    first.put("a", "1", 1);
    first.call("delete", [bytes("a-missing")], 2);
    first.call("append", [bytes("log"), bytes("x")], 3);
    await first.answers(3);
    store.putSync("a", "later");
    const again = new Connection(store);
    again.put("a", "1", 1);
    again.call("delete", [bytes("a-missing")], 2);
    again.call("append", [bytes("log"), bytes("x")], 3);
    again.put("b", "2", 4);
    const answers = await again.answers(4);
    assert.deepEqual(
      answers.toSorted((a, b) => (a as [number])[0] - (b as [number])[0]),
      [
        [1, undefined],
        [2, false],
        [3, undefined],
        [4, undefined],
      ],
    );
    const text = (key: string) => new TextDecoder().decode(store.getSync(key));
    assert.deepEqual([text("a"), text("log"), text("b")], ["later", "x", "2"]);
  });

  test("a wrong write fails alone", async () => {
    const store = new MemoryStore();
    const connection = new Connection(store);
    connection.put("a", "1", 1);
    connection.call("put", [RESERVED, bytes("2")], 2);
    connection.call("put", [bytes(""), bytes("2")], 3);
    connection.put("b", "3", 4);
    const answers = new Map((await connection.answers(4)) as [number, unknown][]);
    assert.deepEqual([answers.get(1), answers.get(4)], [undefined, undefined]);
    assert.match(String(answers.get(2)), /16 bytes ff/);
    assert.match(String(answers.get(3)), /empty|at least/);
    assert.deepEqual([...store.keys({ lt: "z" })], ["a", "b"]);
  });

  test("many writes are several commits", async () => {
    const store = new MemoryStore();
    const connection = new Connection(store);
    for (let i = 1; i <= 1000; i++) connection.put(`key ${i}`, "value", i);
    const answers = await connection.answers(1000);
    assert.deepEqual(
      answers.map((answer) => (answer as [number])[0]),
      Array.from({ length: 1000 }, (_, i) => i + 1),
    );
    assert.equal(store.version, 4);
  });
});
