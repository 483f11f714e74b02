/**
 * What a gateway does with newcomers that are slow, wrong or too many, and with clients that do not read.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { type ListenOptions, open } from "../../mod.ts";
import { clock, timers } from "../../src/clock.ts";
import { encodeFrame, FrameReader, Kind, type Message } from "../../src/shared/frame.ts";
import { Gateway } from "../../src/shared/gateway.ts";
import { helloFrame } from "../../src/shared/greeting.ts";
import { connectToOwner } from "../../src/shared/socket_connect.ts";
import { folderOf, wayToSocket } from "../../src/shared/socket_path.ts";
import { CERTIFICATE, KEY } from "../support/certificate.ts";
import { storeError } from "../support/expect.ts";
import { TOKEN, withServed } from "../support/served.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const silent = () => {};
const HELLO = { client: "0".repeat(32), durable: false, token: TOKEN };

/** A connection to a port of this machine, and what comes over it. */
class Newcomer {
  readonly socket: Socket;
  readonly messages: Message[] = [];
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on("error", () => {});
    socket.on("data", (bytes) => this.messages.push(...reader.read(new Uint8Array(bytes as Buffer))));
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  static async at(port: number): Promise<Newcomer> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Newcomer(socket);
  }

  /** The array in a message. */
  body(at: number): unknown[] {
    return (this.messages[at] as Message).body as unknown[];
  }

  async closed(): Promise<void> {
    await until(() => this.isClosed, "the connection is closed");
  }
}

const FAILURES: readonly (readonly [string, object, string, RegExp])[] = [
  ["no token", { token: undefined }, "ACCESS_DENIED", /the token is wrong/],
  ["a wrong token", { token: "a-token-which-is-wrong" }, "ACCESS_DENIED", /the token is wrong/],
  ["a token that is no text", { token: 5 }, "ACCESS_DENIED", /the token is wrong/],
  [
    "a newer protocol",
    { protocols: [2, 3] },
    "PROTOCOL_UNSUPPORTED",
    /client speaks versions 2 to 3 .* the owner of the store version 1:/,
  ],
  ["an older protocol", { protocols: [0, 0] }, "PROTOCOL_UNSUPPORTED", /client speaks version 0 /],
];

describe("a gateway", () => {
  for (const [what, wrong, code, message] of FAILURES) {
    test(`refuses ${what}`, () =>
      withServed(async ({ listener }) => {
        const newcomer = await Newcomer.at(listener.port);
        newcomer.socket.write(helloFrame({ ...HELLO, ...wrong }));
        await newcomer.closed();
        const [first, ...others] = newcomer.messages;
        const [, error] = newcomer.body(0) as [number, { code: string; message: string }];
        assert.deepEqual([first?.kind, first?.id, error.code, others], [Kind.FAILURE, 0, code, []]);
        assert.match(error.message, message);
      }));
  }

  for (const [what, bytes] of [
    ["garbage", new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")],
    ["a message that is not HELLO", encodeFrame({ kind: Kind.CALL, id: 1, body: { method: "count", args: [{}] } })],
    [
      "a first message that is too long",
      encodeFrame({ kind: Kind.HELLO, id: 0, body: "x".repeat(5000) }).subarray(0, 9),
    ],
  ] as const) {
    test(`ends a connection that begins with ${what}`, () =>
      withServed(async ({ listener }) => {
        const newcomer = await Newcomer.at(listener.port);
        newcomer.socket.write(bytes);
        await newcomer.closed();
        assert.deepEqual(newcomer.messages, []);
      }));
  }

  test("logs a wrong token, at most once a minute", () =>
    withDirectory(async (path) => {
      mkdirSync(folderOf(path), { recursive: true });
      const real = clock.monotonic;
      let nowMs = real();
      clock.monotonic = () => nowMs;
      try {
        const lines: string[] = [];
        await using gateway = await Gateway.listen(path, { port: 0, token: TOKEN }, (line) => lines.push(line));
        for (const afterMs of [0, 1000, 1000, 60_000, 1000]) {
          nowMs += afterMs;
          const newcomer = await Newcomer.at(gateway.port);
          newcomer.socket.write(helloFrame({ ...HELLO, token: "a-token-which-is-wrong" }));
          await once(newcomer.socket, "close");
        }
        const line = `'${gateway.address}' refused '127.0.0.1', whose token is wrong`;
        assert.deepEqual(lines, [line, `${line}, and 2 more before it`]);
      } finally {
        clock.monotonic = real;
      }
    }));

  test("takes HELLO byte by byte, and calls that come with it", () =>
    withServed(async ({ listener }) => {
      const call = encodeFrame({ kind: Kind.CALL, id: 1, body: { method: "count", args: [{}] } });
      const hello = helloFrame({ ...HELLO, protocols: [1, 9] });
      const [slow, fast] = [await Newcomer.at(listener.port), await Newcomer.at(listener.port)];
      for (const byte of hello) {
        slow.socket.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      fast.socket.write(Buffer.concat([helloFrame({ ...HELLO, client: "1".repeat(32) }), call]));
      await until(() => slow.messages.length === 1 && fast.messages.length === 2, "both are in");
      const [welcome, answer] = fast.messages;
      assert.deepEqual([welcome?.kind, fast.body(0)[0]], [Kind.WELCOME, 1]);
      assert.deepEqual([answer?.kind, answer?.id, fast.body(1)[1]], [Kind.ANSWER, 1, 0]);
      assert.deepEqual([slow.messages[0]?.kind, slow.body(0)[0]], [Kind.WELCOME, 1]);
      for (const { socket } of [slow, fast]) socket.destroy();
    }));

  test("ends a connection that says nothing for five seconds", () =>
    withServed(async ({ listener }) => {
      const waits: { ms: number; job: () => void }[] = [];
      const { setTimeout } = timers;
      timers.setTimeout = (job, ms) => {
        waits.push({ ms, job });
        return setTimeout(job, ms);
      };
      try {
        const newcomer = await Newcomer.at(listener.port);
        newcomer.socket.write(helloFrame(HELLO).subarray(0, 20));
        await until(() => waits.some(({ ms }) => ms === 5000), "it waits");
        assert.equal(newcomer.isClosed, false);
        for (const { ms, job } of waits) if (ms === 5000) job();
        await newcomer.closed();
        assert.deepEqual(newcomer.messages, []);
      } finally {
        timers.setTimeout = setTimeout;
      }
    }));

  test("makes room for newcomers, and leaves clients alone", () =>
    withServed(async ({ owner, listener }) => {
      await using remote = await open({ address: listener.address, token: TOKEN });
      const newcomers: Newcomer[] = [];
      for (let i = 0; i < 257; i++) newcomers.push(await Newcomer.at(listener.port));
      await newcomers[0]?.closed();
      await remote.put("a", "1");
      assert.equal(await owner.count(), 1);
      assert.equal(newcomers.filter(({ isClosed }) => isClosed).length, 1);
      for (const { socket } of newcomers) socket.destroy();
    }));

  test("does not read from the owner what a client does not read", () =>
    withDirectory(async (path) => {
      await using owner = await open({ path, shared: true, syncWrites: false });
      await using gateway = await Gateway.listen(path, { port: 0, token: TOKEN }, silent);
      await owner.put("large", new Uint8Array(1024 * 1024).fill(1));
      const lazy = await Newcomer.at(gateway.port);
      lazy.socket.write(helloFrame(HELLO));
      await until(() => lazy.messages.length === 1, "it is in");
      lazy.socket.pause();
      const [calls, key] = [100, new TextEncoder().encode("large")];
      for (let id = 1; id <= calls; id++) {
        lazy.socket.write(encodeFrame({ kind: Kind.CALL, id, body: { method: "get", args: [key] } }));
      }
      await until(() => gateway.queuedBytes > 0, "bytes wait for it");
      // Others are served meanwhile.
      await using remote = await open({ address: gateway.address, token: TOKEN });
      let most = 0;
      for (let i = 0; i < 60; i++) {
        await remote.get("large");
        most = Math.max(most, gateway.queuedBytes);
      }
      assert.ok(most < 4 * 1024 * 1024, `${most} bytes waited in the gateway`);
      lazy.socket.resume();
      await until(() => lazy.messages.length === calls + 1, "it has all answers");
      lazy.socket.destroy();
    }));

  test("does not read from a client what the owner does not read, and tells the owner no token", () =>
    withDirectory(async (path) => {
      mkdirSync(folderOf(path), { mode: 0o700 });
      const way = wayToSocket(path);
      const owners: Socket[] = [];
      const lazy = createServer((socket) => owners.push(socket.pause())).listen(way.path);
      await once(lazy, "listening");
      way.close();
      const gateway = await Gateway.listen(path, { port: 0, token: TOKEN }, silent);
      const client = await Newcomer.at(gateway.port);
      client.socket.write(helloFrame(HELLO));
      await until(() => owners.length === 1, "the gateway is at the owner");
      const piece = new Uint8Array(1024 * 1024).fill(3);
      const total = 40;
      for (let i = 0; i < total; i++) client.socket.write(piece);
      await until(() => gateway.queuedBytes > 0, "bytes wait for the owner");
      for (let i = 0; i < 100; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(gateway.queuedBytes < 4 * 1024 * 1024, `${gateway.queuedBytes} bytes wait in the gateway`);
      }
      const pieces: Uint8Array[] = [];
      const [owner] = owners;
      owner?.on("data", (bytes) => pieces.push(bytes as Buffer));
      owner?.resume();
      const hello = helloFrame({ ...HELLO, token: undefined });
      const bytes = () => pieces.reduce((sum, { length }) => sum + length, 0);
      await until(() => bytes() === hello.length + total * piece.length, "all came");
      const all = Buffer.concat(pieces);
      assert.deepEqual(new Uint8Array(all.subarray(0, hello.length)), new Uint8Array(hello));
      assert.ok(!all.includes(TOKEN));
      await gateway.close();
      await client.closed();
      const closed = once(lazy, "close");
      lazy.close();
      await closed;
    }));

  test("tells a client that there is no owner, and finds the next one", () =>
    withDirectory(async (path) => {
      await using gateway = await Gateway.listen(path, { port: 0, token: TOKEN }, silent);
      const { address } = gateway;
      await assert.rejects(open({ address, token: TOKEN, connectTimeout: 100 }), storeError("STORE_UNREACHABLE"));
      const opening = open({ address, token: TOKEN });
      await using owner = await open({ path, shared: true });
      await using remote = await opening;
      await remote.put("a", "1");
      assert.equal(await owner.count(), 1);
    }));

  test("refuses wrong options", async () => {
    const good = { token: TOKEN, port: 0 };
    for (const [options, message] of [
      [undefined, /Wrong option 'token': expected a string, got undefined/],
      ["a-token-of-one-process", /Cannot use a string as options/],
      [{ ...good, token: "x".repeat(15) }, /expected 16 to 1024 characters, got 15/],
      [{ ...good, token: "x".repeat(1025) }, /expected 16 to 1024 characters, got 1025/],
      [{ ...good, token: "with a space in between" }, /expected letters, digits and signs/],
      [{ ...good, token: 1234567890123456 }, /^Wrong option 'token': expected a string, got number$/],
      [{ ...good, port: 65536 }, /Wrong option 'port'/],
      [{ ...good, host: "" }, /Wrong option 'host'/],
      [{ ...good, host: "0.0.0.0" }, /Cannot listen on '0.0.0.0' without TLS/],
      [{ ...good, host: "::" }, /Cannot listen on '::' without TLS/],
      [{ ...good, host: "127.0.0.1.example" }, /without TLS/],
      [{ ...good, tls: { cert: KEY, key: KEY } }, /^Wrong option 'tls.cert': expected a certificate as PEM$/],
      [{ ...good, tls: { cert: CERTIFICATE } }, /^Wrong option 'tls.key': expected a private key as PEM$/],
      [{ ...good, tsl: {} }, /Unknown option 'tsl'/],
    ] as const) {
      await assert.rejects(Gateway.listen("/nowhere", options as unknown as ListenOptions, silent), (error: Error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        assert.match(error.message, message);
        return true;
      });
    }
    await using first = await Gateway.listen("/nowhere", { ...good, host: "0.0.0.0", insecure: true }, silent);
    await assert.rejects(
      Gateway.listen("/nowhere", { token: TOKEN, port: first.port, host: "0.0.0.0", insecure: true }, silent),
      storeError("ADDRESS_UNAVAILABLE", `Cannot listen on luge://0.0.0.0:${first.port}: `),
    );
  });
});

test("a client that connects again ends its earlier connection, whose calls are not done any more", () =>
  withServed(async ({ owner, listener }) => {
    const { setTimeout } = timers;
    const waits: number[] = [];
    timers.setTimeout = (job, ms) => {
      waits.push(ms);
      return setTimeout(job, ms);
    };
    try {
      const newcomers: Newcomer[] = [];
      for (const _ of [1, 2]) {
        const newcomer = await Newcomer.at(listener.port);
        newcomer.socket.write(helloFrame(HELLO));
        await until(() => newcomer.messages.length === 1, "it is in");
        newcomers.push(newcomer);
      }
      const [first, second] = newcomers as [Newcomer, Newcomer];
      const put = (key: string) => {
        const body = { method: "put", args: [new TextEncoder().encode(key), new Uint8Array(1)], sequence: 1 };
        return encodeFrame({ kind: Kind.CALL, id: 1, body });
      };
      first.socket.write(put("late"));
      second.socket.write(put("new"));
      await until(() => second.messages.length === 2, "it has its answer");
      await first.closed();
      assert.deepEqual(await owner.keys().toArray(), ["new"]);
      assert.ok(!waits.includes(60_000), "the client is not forgotten: it is there");
      second.socket.destroy();
      await until(() => waits.includes(60_000), "the client is gone");
    } finally {
      timers.setTimeout = setTimeout;
    }
  }));

test("the owner itself names the versions of the protocol, too", () =>
  withServed(async ({ path }) => {
    const socket = await connectToOwner(path);
    assert.ok(socket);
    const client = new Newcomer(socket);
    socket.write(helloFrame({ ...HELLO, protocols: [7, 8] }));
    await client.closed();
    const [, error] = client.body(0) as [number, { code: string }];
    assert.equal(error.code, "PROTOCOL_UNSUPPORTED");
  }));
