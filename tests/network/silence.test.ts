/**
 * A machine that disappears without a word: its client notices, and connects again.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { open } from "../../mod.ts";
import { timers } from "../../src/clock.ts";
import { TOKEN, withServed } from "../support/served.ts";
import { until } from "../support/until.ts";

const LOOK_MS = 20_000;

/** Runs `use` with what looks at connections, each time the test calls it. */
async function withLooks(use: (look: () => void) => Promise<void>): Promise<void> {
  const { setInterval } = timers;
  const looks: (() => void)[] = [];
  timers.setInterval = (job, ms) => {
    if (ms === LOOK_MS) looks.push(job);
    return setInterval(job, ms);
  };
  try {
    await use(() => {
      for (const look of looks) look();
    });
  } finally {
    timers.setInterval = setInterval;
  }
}

/** Passes bytes on to a port, until it disappears for those who are connected. */
class Wire {
  readonly server = createServer((near) => this.#accept(near)).listen(0, "127.0.0.1");
  readonly #port: number;
  readonly #sockets: Socket[] = [];
  connections = 0;
  /** Bytes from the client. */
  bytes = 0;

  constructor(port: number) {
    this.#port = port;
  }

  #accept(near: Socket): void {
    this.connections += 1;
    const far = connect(this.#port, "127.0.0.1");
    this.#sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => {});
    near.on("data", (bytes) => {
      this.bytes += bytes.length;
      far.write(bytes);
    });
    far.on("data", (bytes) => near.write(bytes));
  }

  /** Takes everything from now on, and passes nothing on. */
  disappear(): void {
    for (const socket of this.#sockets) socket.removeAllListeners("data").resume();
  }

  async close(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

test("a client notices that the other machine disappeared, and does its calls over another connection", () =>
  withLooks((look) =>
    withServed(async ({ owner, listener }) => {
      const wire = new Wire(listener.port);
      await once(wire.server, "listening");
      const { port } = wire.server.address() as AddressInfo;
      await using remote = await open({ address: `luge://127.0.0.1:${port}`, token: TOKEN });
      await remote.put("a", "1");
      // Idle, but there: each question gets an answer.
      for (let i = 0; i < 10; i++) {
        const { bytes } = wire;
        look();
        look();
        await until(() => wire.bytes > bytes, "it asks");
        await remote.get("a");
      }
      assert.equal(wire.connections, 1);
      wire.disappear();
      const writing = remote.increment("n");
      for (let i = 0; i < 5; i++) {
        look();
        // The question goes out.
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(await writing, 1);
      assert.equal(await owner.increment("n", 0), 1);
      assert.equal(wire.connections, 2);
      await remote.close();
      await wire.close();
    }),
  ));
