/**
 * What a client does with its calls when it gets another owner.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client } from "../../src/shared/client.ts";
import { decodeFrame, encodeFrame, Kind, type Message } from "../../src/shared/frame.ts";
import type { Receiver } from "../../src/shared/link.ts";
import type { Joined } from "../../src/shared/open_call.ts";
import { SharedSnapshot } from "../../src/shared/shared_snapshot.ts";
import { SharedSpace } from "../../src/shared/shared_space.ts";
import { presentOf } from "../../src/shared/shared_watch.ts";
import { storeError } from "../support/expect.ts";
import { notedLink } from "./noted_link.ts";

/** An owner that answers only when the test says so. */
class SilentOwner {
  readonly received: Message[] = [];
  readonly epoch: string;
  wereLost = false;
  receiver: Receiver | undefined;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  join(receiver: Receiver): Joined {
    this.receiver = receiver;
    const link = notedLink(this.received);
    return { link, version: 1, epoch: this.epoch, wereLost: this.wereLost, local: undefined };
  }

  get methods(): unknown[] {
    return this.received.map(({ body }) => (body as { method: string }).method);
  }

  answer(result: unknown): void {
    const { id } = this.received.at(-1) as Message;
    this.receiver?.received(decodeFrame(encodeFrame({ kind: Kind.ANSWER, id, body: [2, result] })));
  }
}

/** A client whose owners are these, one after the other. */
async function clientOf(...owners: SilentOwner[]): Promise<Client> {
  const left = [...owners];
  const client = new Client(async (receiver) => (left.shift() as SilentOwner).join(receiver));
  await client.start();
  return client;
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("a client with another owner", () => {
  test("sends again what has no answer, in order", async () => {
    const [first, second] = [new SilentOwner("a"), new SilentOwner("a")];
    const client = await clientOf(first, second);
    const write = client.write({ method: "put", args: [] });
    const read = client.call({ method: "get", args: [] });
    first.answer("value");
    assert.equal(await read, "value");
    const later = client.call({ method: "count", args: [] });
    first.receiver?.ended(undefined);
    await turn();
    assert.deepEqual(second.methods, ["put", "count"]);
    second.answer(7);
    assert.equal(await later, 7);
    client.close(new Error("over"));
    await assert.rejects(write, /over/);
  });

  for (const writes of [true, false]) {
    test(`a watch begins where it was called, ${writes ? "after" : "without"} a later write`, async () => {
      const [first, second] = [new SilentOwner("a"), new SilentOwner("a")];
      const client = await clientOf(first, second);
      const begins = presentOf(client);
      const write = writes ? client.write({ method: "put", args: [] }) : undefined;
      first.receiver?.ended(undefined);
      await turn();
      // The next owner may have done the write: its version of now is too late.
      assert.deepEqual(second.methods, [writes ? "put" : "version"]);
      second.answer(9);
      await write;
      assert.equal(await begins, writes ? 1 : 9);
      client.close(new Error("over"));
    });

    test(`a snapshot is not opened later, ${writes ? "after" : "without"} a later write`, async () => {
      const [first, second] = [new SilentOwner("a"), new SilentOwner("a")];
      const client = await clientOf(first, second);
      const snapshot = new SharedSnapshot(client, new SharedSpace(), undefined);
      const write = writes ? client.write({ method: "put", args: [] }) : undefined;
      first.receiver?.ended(undefined);
      await turn();
      assert.deepEqual(second.methods, [writes ? "put" : "snapshot"]);
      if (writes) await assert.rejects(snapshot.get("key"), storeError("OWNER_LOST"));
      second.answer(undefined);
      await write;
      client.close(new Error("over"));
    });
  }

  test("does not send writes again to a store that was in other hands", async () => {
    const [first, second] = [new SilentOwner("a"), new SilentOwner("b")];
    const client = await clientOf(first, second);
    const write = client.write({ method: "put", args: [] });
    const read = client.call({ method: "get", args: [] });
    first.receiver?.ended(undefined);
    await assert.rejects(write, storeError("OWNER_LOST"));
    await turn();
    assert.deepEqual(second.methods, ["get"]);
    second.answer("value");
    assert.equal(await read, "value");
    client.close(new Error("over"));
  });

  test("does not send writes again to an owner that has removed their records", async () => {
    const [first, second] = [new SilentOwner("a"), new SilentOwner("a")];
    second.wereLost = true;
    const client = await clientOf(first, second);
    const write = client.write({ method: "put", args: [] });
    first.receiver?.ended(undefined);
    await assert.rejects(write, storeError("OWNER_LOST"));
    client.close(new Error("over"));
  });
});
