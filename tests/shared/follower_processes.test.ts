/**
 * Followers in processes of three runtimes: their owner is killed, or stands still, and they are killed themselves, or
 * stand still.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { open, type SharedStore } from "../../mod.ts";
import { RUNTIMES, type Runtime } from "../../scripts/lib/runtimes.ts";
import { float64Codec } from "../../src/codecs/mod.ts";
import { text } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { CountingProcess } from "./counting_process.ts";

const MEMBER = fileURLToPath(new URL("following_member.ts", import.meta.url));
const SMALL = { syncWrites: false, writeBufferSize: 256 * 1024 } as const;

class Member extends CountingProcess {
  constructor(name: string, runtime: Runtime, path: string, denoFlags?: readonly string[]) {
    super(name, runtime, MEMBER, [path, name], denoFlags);
  }

  /** What it should not have said. */
  get wrong(): string[] {
    return this.said.filter((line) => !/^(?:done|lost|sees .*)$/.test(line));
  }

  async end(): Promise<void> {
    this.child.stdin?.end();
    await this.ended;
  }
}

const replicasIn = (path: string): string[] => {
  const folder = `${path}/shared/follow`;
  return existsSync(folder) ? readdirSync(folder) : [];
};

nodeTest(
  "the owner is killed twice: followers on three runtimes never read back in time, and find what they wrote",
  () =>
    withDirectory(async (path) => {
      const members: Member[] = [];
      try {
        members.push(...RUNTIMES.map((runtime) => new Member(runtime, runtime, path)));
        const killed: Member[] = [];
        const left = () => members.filter((member) => !killed.includes(member));
        for (const at of [50, 150]) {
          await until(() => left().every((member) => member.at >= at && member.role !== ""), `all at ${at}`);
          const roles = left().map(({ role }) => role);
          assert.deepEqual(
            roles.filter((role) => role !== "follower"),
            ["owner"],
          );
          const owner = left().find(({ role }) => role === "owner") as Member;
          owner.child.kill("SIGKILL");
          await owner.ended;
          killed.push(owner);
        }
        const [last] = left() as [Member];
        await until(() => last.role === "owner" && last.at >= 250, "the last one is the owner and goes on");
        await last.end();
        assert.deepEqual(
          members.map(({ wrong }) => wrong),
          [[], [], []],
        );
        await using store = await open(path);
        const numbers = await store.view({ prefix: "count/", value: float64Codec }).entries().toArray();
        assert.equal(numbers.length, 3);
        for (const [name, value] of numbers) {
          const { at = 0 } = members.find((member) => member.name === name) ?? {};
          assert.ok(value >= at && value <= at + 1, `${name} has ${value}, and had said ${at}`);
        }
        assert.ok(!existsSync(`${path}/shared`), "nothing is left");
      } finally {
        for (const { child } of members) child.kill("SIGKILL");
      }
    }),
);

nodeTest("a follower that is killed leaves nothing, and does not hold up its owner", () =>
  withDirectory(async (path) => {
    await using owner = await open({ path, shared: true, ...SMALL });
    const members = RUNTIMES.map((runtime) => new Member(runtime, runtime, path));
    try {
      await until(() => members.every(({ at, role }) => at > 10 && role === "follower"), "all follow");
      assert.equal(replicasIn(path).length, members.length);
      for (const { child } of members) child.kill("SIGKILL");
      await owner.put("a", "1");
      await until(() => replicasIn(path).length === 0, "the replicas are removed");
      assert.deepEqual(
        members.map(({ wrong }) => wrong),
        [[], [], []],
      );
    } finally {
      for (const { child } of members) child.kill("SIGKILL");
    }
  }),
);

nodeTest("a follower that stands still holds up nobody, and begins again when it goes on", () =>
  withDirectory(async (path) => {
    await using owner = await open({ path, shared: true, ...SMALL });
    await using other = await open({ path, follow: true, ...SMALL });
    const member = new Member("slow", "node", path);
    try {
      await until(() => member.at > 10 && member.role === "follower", "it follows");
      const before = replicasIn(path);
      member.child.kill("SIGSTOP");
      // Several times what the write buffer has, so the owner has not all of it in memory.
      await writeMuch(owner);
      await until(() => other.version >= owner.version, "the other one has all");
      assert.equal(text(other.getSync("last")), "1");
      const { at } = member;
      member.child.kill("SIGCONT");
      await until(() => member.at > at + 50, "it goes on, and finds its own writes");
      await until(() => replicasIn(path).some((name) => !before.includes(name)), "it has another replica");
      await member.end();
      assert.deepEqual(member.wrong, []);
    } finally {
      member.child.kill("SIGKILL");
    }
  }),
);

nodeTest("reads go on while the owner stands still", () =>
  withDirectory(async (path) => {
    const member = new Member("owner", "node", path);
    try {
      await until(() => member.at > 10, "it owns the store");
      await using follower = await open({ path, follow: true, ...SMALL });
      assert.equal(follower.role, "follower");
      member.child.kill("SIGSTOP");
      assert.equal(follower.countSync(), 1);
      assert.ok((await follower.get("count/owner")) !== undefined);
      member.child.kill("SIGCONT");
      await member.end();
      assert.deepEqual(member.wrong, []);
    } finally {
      member.child.kill("SIGKILL");
    }
  }),
);

nodeTest("a follower that stands still while somebody opens the store without sharing it begins again", () =>
  withDirectory(async (path) => {
    const first = await open({ path, shared: true, ...SMALL });
    const member = new Member("away", "node", path);
    try {
      await until(() => member.at > 10 && member.role === "follower", "it follows");
      member.child.kill("SIGSTOP");
      await first.close();
      const alone = await open({ path, ...SMALL });
      await alone.view({ prefix: "count/", value: float64Codec }).put("alone", 7);
      await alone.close();
      assert.ok(!existsSync(`${path}/shared`), "its replica is gone");
      await using second = await open({ path, shared: true, ...SMALL });
      const { at } = member;
      member.child.kill("SIGCONT");
      await until(() => member.at > at + 20 && member.has("sees alone"), "it goes on, and sees what was written");
      assert.equal(second.role, "owner");
      await member.end();
      assert.deepEqual(member.wrong, []);
    } finally {
      member.child.kill("SIGKILL");
    }
  }),
);

nodeTest("a follower on Deno needs the permissions of a shared store, and no other one", () =>
  withDirectory(async (path) => {
    await using owner = await open({ path, shared: true, ...SMALL });
    await owner.put("a", "1");
    const flags = [`--allow-read=${path}`, `--allow-write=${path}`, `--allow-net=unix:${path}/shared/socket`];
    const member = new Member("scoped", "deno", path, flags);
    try {
      await until(() => member.at > 20 && member.role === "follower", "it follows");
      await member.end();
      assert.deepEqual(member.wrong, []);
      assert.deepEqual(replicasIn(path), []);
    } finally {
      member.child.kill("SIGKILL");
    }
  }),
);

async function writeMuch(store: SharedStore): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const value = new Uint8Array(1000).fill(i);
    await store.batch(Array.from({ length: 20 }, (_, k) => ({ type: "put", key: `much ${i} ${k}`, value })));
  }
  await store.put("last", "1");
}
