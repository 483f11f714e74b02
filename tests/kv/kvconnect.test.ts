/**
 * The server of KV Connect, request by request: who may ask, what is malformed, and what answers say.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { PbfReader, PbfWriter } from "pbf";
import { MemoryStore, type Store } from "../../mod.ts";
import { openKv } from "../../src/adapters/kv/mod.ts";
import { kvConnect } from "../../src/adapters/kvconnect/mod.ts";
import { misuse } from "../support/expect.ts";
import { RUNTIME } from "../support/runtime.ts";
import { deferred } from "./subject.ts";

const TOKEN = "the-access-token";
const BASE = "http://127.0.0.1:4512/some/path";

interface Metadata {
  readonly version: number;
  readonly databaseId: string;
  readonly token: string;
  readonly expiresAt: string;
  readonly endpoints: readonly { readonly url: string; readonly consistency: string }[];
}

/** A client that speaks to a handler. */
class Client {
  readonly #handler: (request: Request) => Promise<Response>;
  readonly #metadata: Promise<Metadata>;

  constructor(store: Store) {
    this.#handler = kvConnect(store, { token: TOKEN });
    this.#metadata = this.exchange(JSON.stringify({ supportedVersions: [1, 2, 3] }));
  }

  async ask(url: string, body: BodyInit, headers: Record<string, string>): Promise<Response> {
    return await this.#handler(new Request(url, { method: "POST", body, headers }));
  }

  async exchange(body: string): Promise<Metadata> {
    const answer = await this.ask(BASE, body, { authorization: `Bearer ${TOKEN}` });
    assert.equal(answer.status, 200);
    return (await answer.json()) as Metadata;
  }

  /** Calls a method of the data path. */
  async call(method: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
    const { endpoints, token } = await this.#metadata;
    const url = new URL(`${endpoints[0]?.url}/${method}`, BASE).href;
    return await this.ask(url, new Uint8Array(body), { authorization: `Bearer ${token}`, ...headers });
  }

  /** The status and the text of a call that fails. */
  async refused(method: string, body: Uint8Array): Promise<[number, string]> {
    const answer = await this.call(method, body);
    return [answer.status, await answer.text()];
  }
}

/** A message with the fields that `write` writes. */
function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return new Uint8Array(writer.finish());
}

const key = (text: string) => Uint8Array.of(2, ...new TextEncoder().encode(text), 0);

/** An atomic write of one mutation. */
function mutation(fields: { key?: Uint8Array; type: number; data?: Uint8Array; encoding?: number; max?: Uint8Array }) {
  return message((writer) => {
    const inner = message((each) => {
      each.writeBytesField(1, fields.key ?? key("a"));
      const value = message((sent) => {
        sent.writeBytesField(1, fields.data ?? Uint8Array.of(7));
        sent.writeVarintField(2, fields.encoding ?? 3);
      });
      each.writeBytesField(2, value);
      each.writeVarintField(3, fields.type);
      if (fields.max) each.writeBytesField(6, fields.max);
    });
    writer.writeBytesField(2, inner);
  });
}

function readOf(start: Uint8Array, end: Uint8Array, limit: number): Uint8Array {
  const range = message((each) => {
    each.writeBytesField(1, start);
    each.writeBytesField(2, end);
    each.writeVarintField(3, limit);
  });
  return message((writer) => writer.writeBytesField(1, range));
}

test("only a client with the token gets metadata or data", async () => {
  const store = new MemoryStore();
  const handler = kvConnect(store, { token: TOKEN });
  const { token, endpoints } = await new Client(store).exchange("");
  assert.notEqual(token, TOKEN);
  const data = `${endpoints[0]?.url}/snapshot_read`;
  const wrong: [string, string | undefined][] = [
    [BASE, undefined],
    [BASE, ""],
    [BASE, "Bearer "],
    [BASE, TOKEN],
    [BASE, `Basic ${TOKEN}`],
    [BASE, `Bearer ${TOKEN}x`],
    [BASE, `Bearer ${TOKEN.slice(0, -1)}`],
    [BASE, `Bearer ${token}`],
    [data, `Bearer ${TOKEN}`],
    [data, undefined],
  ];
  for (const [url, authorization] of wrong) {
    const headers = authorization === undefined ? {} : { authorization };
    const { status } = await handler(new Request(url, { method: "POST", headers }));
    assert.equal(status, 401, `${url} ${authorization}`);
  }
  assert.equal((await handler(new Request(data, { headers: { authorization: `Bearer ${token}` } }))).status, 405);
  const other = data.replace("snapshot_read", "other");
  const unknown = new Request(other, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  assert.equal((await handler(unknown)).status, 404);
});

test("a token is long, and has no spaces", () => {
  for (const token of ["", "short", "01234567890", "with some spaces", undefined]) {
    assert.throws(() => kvConnect(new MemoryStore(), { token: token as string }), misuse(TypeError, "option 'token'"));
  }
});

test("the metadata has the best common version, and an identity that stays", async () => {
  const store = new MemoryStore();
  const [one, two] = [new Client(store), new Client(store)];
  const first = await one.exchange("");
  assert.equal(first.version, 1);
  assert.equal(first.endpoints[0]?.url, `${BASE}/data`);
  for (const [supported, version] of [
    [[1, 2], 2],
    [[3, 4, "x"], 3],
    [[2, 1, 3], 3],
  ] as const) {
    const metadata = await two.exchange(JSON.stringify({ supportedVersions: supported }));
    assert.equal(metadata.version, version);
    assert.equal(metadata.databaseId, first.databaseId);
    assert.equal(metadata.token, first.token);
    assert.ok(Date.parse(metadata.expiresAt) > Date.now());
    assert.equal(metadata.endpoints[0]?.url, "/some/path/data");
  }
  for (const body of ["{", "null", "{}", '{"supportedVersions":1}', '{"supportedVersions":[4]}']) {
    const answer = await one.ask(BASE, body, { authorization: `Bearer ${TOKEN}` });
    assert.equal(answer.status, 400, body);
    assert.ok((await answer.text()).length > 10);
  }
});

test("malformed messages are refused, and nothing is written", async () => {
  const store = new MemoryStore();
  const client = new Client(store);
  await client.call("snapshot_read", new Uint8Array(0));
  const { version } = store;
  const whole = mutation({ type: 1 });
  for (let length = 1; length < whole.length; length++) {
    const [status, text] = await client.refused("atomic_write", whole.subarray(0, length));
    assert.equal(status, 400, `${length} bytes`);
    assert.match(text, /^Malformed \w+: /);
  }
  const wrong = [
    [0x08, 1],
    [0x0a],
    [0x0a, 5, 1],
    [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0x0f],
    [0x00],
    [0x0a, 2, 0x08, 1],
  ];
  for (const bytes of wrong) {
    for (const method of ["snapshot_read", "atomic_write", "watch"]) {
      const [status, text] = await client.refused(method, Uint8Array.from(bytes));
      assert.equal(status, 400, `${method} ${bytes}`);
      assert.match(text, /^Malformed /);
    }
  }
  assert.equal(store.version, version);
  // Fields of later versions are skipped.
  const later = message((writer) => writer.writeStringField(99, "later"));
  assert.equal((await client.call("snapshot_read", later)).status, 200);
});

test("wrong writes and reads are refused with a text that says why", async () => {
  const store = new MemoryStore();
  const client = new Client(store);
  const writes: [Uint8Array, RegExp][] = [
    [mutation({ type: 0 }), /^Unknown type 0 of a mutation/],
    [mutation({ type: 6 }), /^Unknown type 6/],
    [mutation({ type: 1, encoding: 0 }), /^Unknown encoding 0/],
    [mutation({ type: 1, encoding: 4 }), /^Unknown encoding 4/],
    [mutation({ type: 1, encoding: 2 }), /^Wrong integer: expected 8 bytes, got 1/],
    [mutation({ type: 1, key: new Uint8Array(0) }), /^key cannot be empty/],
    [mutation({ type: 1, key: new Uint8Array(64_999).fill(1) }), /^Key too large/],
    [mutation({ type: 3, max: Uint8Array.of(1) }), /does not support the bounds of a sum/],
    [mutation({ type: 4 }), /^Failed to perform 'max' mutation on a non-U64 operand/],
    [
      message((w) =>
        w.writeBytesField(
          1,
          message((c) => c.writeBytesField(2, Uint8Array.of(1))),
        ),
      ),
      /cannot be empty/,
    ],
  ];
  for (const [body, expected] of writes) {
    const [status, text] = await client.refused("atomic_write", body);
    assert.equal(status, 400);
    assert.match(text, expected);
  }
  for (const limit of [0, -1, 10_001]) {
    assert.deepEqual((await client.refused("snapshot_read", readOf(key("a"), key("b"), limit)))[0], 400);
  }
  const tooLong = new Uint8Array(17 * 1024 * 1024);
  assert.equal((await client.call("snapshot_read", tooLong)).status, 413);
  const headers = { "x-denokv-database-id": crypto.randomUUID() };
  assert.equal((await client.call("snapshot_read", new Uint8Array(0), headers)).status, 400);
  assert.equal(await store.count({ prefix: "k" }), 0);
});

test("a failure of the store has the status 500", async () => {
  const store = new MemoryStore();
  const client = new Client(store);
  await client.call("snapshot_read", new Uint8Array(0));
  await store.close();
  assert.equal((await client.refused("snapshot_read", readOf(key("a"), key("b"), 1)))[0], 500);
});

test("values of openKv reach a client in V8's format, but on Bun", async () => {
  const store = new MemoryStore();
  const kv = await openKv(store);
  await kv.set(["a"], { date: new Date(0) });
  const answer = await new Client(store).call("snapshot_read", readOf(key("a"), key("b"), 1));
  if (RUNTIME === "bun") {
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /Cannot write a value in V8's format/);
    return;
  }
  assert.equal(answer.headers.get("content-type"), "application/x-protobuf");
  const bytes = new Uint8Array(await answer.arrayBuffer());
  // The date in V8's format, and its encoding.
  assert.ok(Buffer.from(bytes).includes(Buffer.from([0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x7b, 1])));
});

test("a message that is enqueued over the protocol reaches a local listener", async () => {
  const store = new MemoryStore();
  const kv = await openKv(store);
  const got = deferred<unknown>();
  kv.listenQueue(got.resolve);
  const enqueue = message((each) => {
    // "hi" in V8's format.
    each.writeBytesField(1, Uint8Array.of(0xff, 0x0f, 0x22, 2, 0x68, 0x69));
    each.writePackedVarint(4, [1, 2]);
  });
  if (RUNTIME === "bun") return kv.close();
  const answer = await new Client(store).call(
    "atomic_write",
    message((writer) => writer.writeBytesField(3, enqueue)),
  );
  assert.equal(answer.status, 200);
  assert.equal(await got.promise, "hi");
  kv.close();
});

test("a watch delivers messages after their length, and ends when it is cancelled", async () => {
  const store = new MemoryStore();
  const client = new Client(store);
  const watched = message((writer) =>
    writer.writeBytesField(
      1,
      message((each) => each.writeBytesField(1, key("a"))),
    ),
  );
  const answer = await client.call("watch", watched);
  assert.equal(answer.headers.get("content-type"), "application/octet-stream");
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const next = async () => {
    const { value = new Uint8Array(0) } = await reader.read();
    assert.equal(new DataView(value.buffer, value.byteOffset).getUint32(0, true), value.length - 4);
    const fields: number[] = [];
    new PbfReader(value.subarray(4)).readFields((tag) => fields.push(tag), undefined);
    assert.deepEqual(fields, [1, 2]);
    return value.length;
  };
  const absent = await next();
  assert.equal((await client.call("atomic_write", mutation({ type: 1 }))).status, 200);
  assert.ok((await next()) > absent);
  await reader.cancel();
  const many = message((writer) => {
    for (let i = 0; i < 1001; i++)
      writer.writeBytesField(
        1,
        message((each) => each.writeBytesField(1, key(`${i}`))),
      );
  });
  assert.deepEqual(await client.refused("watch", many), [400, "Too many keys: 1001, the limit is 1000"]);
});
