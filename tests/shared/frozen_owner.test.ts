/**
 * The owner of a shared store is stopped by the operating system: another process takes over, nothing is lost or done
 * twice, and the stopped one becomes a client when it continues. Linux only: no other system tells that a process is
 * stopped.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { open } from "../../mod.ts";
import { RUNTIMES, type Runtime } from "../../scripts/lib/runtimes.ts";
import { float64Codec } from "../../src/codecs/mod.ts";
import { storeError } from "../support/expect.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { CountingProcess } from "./counting_process.ts";

const MEMBER = fileURLToPath(new URL("frozen_member.ts", import.meta.url));
const linuxTest = process.platform === "linux" ? nodeTest : test.skip;

class Member extends CountingProcess {
  constructor(name: string, runtime: Runtime, path: string, first = "") {
    super(name, runtime, MEMBER, [path, name, first]);
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Settles once it has counted on. */
  async goesOn(by = 20): Promise<void> {
    const { at } = this;
    await until(() => this.at >= at + by, `${this.name} counts on from ${at}`);
  }

  async end(): Promise<void> {
    this.child.stdin?.end();
    await this.ended;
    assert.ok(this.said.includes("closed"), `${this.name} closed the store`);
  }
}

/** Starts another member, and waits until it counts, or until something else. */
type Start = (runtime: Runtime, first?: string, isThere?: (member: Member) => boolean) => Promise<Member>;

/** Members that share a store; the first one is its owner. */
async function withMembers(
  runtimes: readonly Runtime[],
  use: (members: Member[], path: string, start: Start) => Promise<void>,
): Promise<void> {
  await withDirectory(async (path) => {
    const members: Member[] = [];
    const start: Start = async (runtime, first, isThere = ({ at }) => at > 0) => {
      const member = new Member(`${runtime}${members.length}`, runtime, path, first);
      members.push(member);
      await until(() => isThere(member), `${member.name} is there`);
      return member;
    };
    try {
      for (const runtime of runtimes) await start(runtime);
      assert.equal(members[0]?.role, "owner");
      await use(members, path, start);
      const left = members.filter(({ child }) => child.signalCode === null);
      for (const member of left) await member.end();
      for (const { name, said } of members)
        assert.deepEqual([name, ...said.filter((line) => /^wrong/.test(line))], [name]);
      await checkStore(path, members);
    } finally {
      for (const { child } of members) child.kill("SIGKILL");
    }
  });
}

async function checkStore(path: string, members: readonly Member[]): Promise<void> {
  await using store = await open(path);
  const counts = store.view({ prefix: "count/", value: float64Codec });
  for (const { name, at, child } of members) {
    const value = (await counts.get(name)) ?? 0;
    const most = child.signalCode === null ? at : at + 1;
    assert.ok(value >= at && value <= most, `${name} has ${value}, and had said ${at}`);
  }
  assert.deepEqual((await store.verify()).damages, []);
}

const others = (runtime: Runtime): Runtime[] => RUNTIMES.filter((each) => each !== runtime);

for (const runtime of RUNTIMES) {
  linuxTest(`an owner on ${runtime} is stopped: the others go on, and it comes back as a client`, () =>
    withMembers([runtime, ...others(runtime)], async (members) => {
      const [owner, ...clients] = members as [Member, Member, Member];
      await Promise.all(members.map((member) => member.goesOn()));
      owner.child.kill("SIGSTOP");
      await Promise.all(clients.map((member) => member.goesOn()));
      await until(() => clients.some(({ role }) => role === "owner"), "another one is the owner");
      owner.child.kill("SIGCONT");
      await until(() => owner.role === "client", "it is a client");
      await Promise.all(members.map((member) => member.goesOn()));
    }),
  );
}

linuxTest("one after the other is stopped, and all continue", () =>
  withMembers(["node", "bun", "deno"], async (members) => {
    const stopped: Member[] = [];
    for (let i = 0; i < 2; i++) {
      const owner = members.find((member) => member.role === "owner" && !stopped.includes(member));
      assert.ok(owner, "one is the owner");
      owner.child.kill("SIGSTOP");
      stopped.push(owner);
      const left = members.filter((member) => !stopped.includes(member));
      await Promise.all(left.map((member) => member.goesOn()));
      await until(() => left.some(({ role }) => role === "owner"), "another one is the owner");
    }
    for (const { child } of stopped.toReversed()) child.kill("SIGCONT");
    await Promise.all(members.map((member) => member.goesOn()));
  }),
);

linuxTest("an owner that works without a pause keeps the store", () =>
  withMembers(["node", "bun"], async (members) => {
    const [owner, client] = members as [Member, Member];
    owner.tell("busy 4000");
    await until(() => owner.has("worked"), "it has worked");
    await Promise.all(members.map((member) => member.goesOn()));
    assert.deepEqual([owner.role, client.role], ["owner", "client"]);
  }),
);

linuxTest("an owner that continues at once keeps the store", () =>
  withMembers(["node", "bun"], async (members) => {
    const [owner, client] = members as [Member, Member];
    for (let i = 0; i < 20; i++) {
      owner.child.kill("SIGSTOP");
      owner.child.kill("SIGCONT");
    }
    await Promise.all(members.map((member) => member.goesOn()));
    assert.deepEqual([owner.role, client.role], ["owner", "client"]);
  }),
);

for (const folder of ["log", "index"]) {
  linuxTest(`a write to a file of ${folder}/ that comes late goes to a file without a name`, () =>
    withMembers(["node", "node", "bun"], async (members, path) => {
      const [owner, ...clients] = members as [Member, Member, Member];
      owner.tell(`stop ${folder}`);
      await until(() => owner.has("stops"), "it stopped in front of a write");
      await Promise.all(clients.map((member) => member.goesOn()));
      const [, file = "", inode] = (owner.said.find((line) => line.startsWith("stops")) ?? "").split(" ");
      owner.child.kill("SIGCONT");
      await until(() => owner.has("wrote"), "it wrote");
      assert.ok(owner.said.includes(`wrote ${file} ${inode}`));
      const there = statSync(`${path}/${file}`, { throwIfNoEntry: false });
      assert.notEqual(String(there?.ino), inode, "the name has another file");
      await until(() => owner.role === "client", "it is a client");
      await Promise.all(members.map((member) => member.goesOn()));
    }),
  );
}

linuxTest("a process that takes over is killed in the middle: the next one does it again", () =>
  withMembers(["node", "node"], async (members, path, start) => {
    const [owner, taker] = members as [Member, Member];
    taker.tell("die");
    await taker.goesOn();
    owner.child.kill("SIGSTOP");
    await taker.ended;
    assert.equal(taker.child.signalCode, "SIGKILL");
    const name = readdirSync(path).find((each) => /^LOCK\.\d+$/.test(each));
    const record = JSON.parse(readFileSync(`${path}/${name}`, "utf8")) as { pid: number; taker: { pid: number } };
    assert.deepEqual([record.pid, record.taker.pid], [owner.child.pid, taker.child.pid]);
    await assert.rejects(open(path), storeError("STORE_LOCKED"), "nobody else opens it");
    const next = await start("bun");
    await until(() => next.role === "owner", "the next one is the owner");
    owner.child.kill("SIGCONT");
    await until(() => owner.role === "client", "it is a client");
    await Promise.all([owner.goesOn(), next.goesOn()]);
  }),
);

linuxTest(
  "a process that takes over is stopped in the middle: the next one does it again, and it renames nothing",
  () =>
    withMembers(["node", "node"], async (members, _, start) => {
      const [owner, taker] = members as [Member, Member];
      taker.tell("halt");
      await taker.goesOn();
      owner.child.kill("SIGSTOP");
      await until(() => taker.has("renews"), "it stopped in front of a new inode");
      const next = await start("bun");
      await until(() => next.role === "owner", "the next one is the owner");
      taker.child.kill("SIGCONT");
      await until(() => taker.has("refused"), "it continued");
      assert.ok(taker.said.includes("refused ENOENT"));
      owner.child.kill("SIGCONT");
      await until(() => owner.role === "client", "the first owner is a client");
      await Promise.all(members.map((member) => member.goesOn()));
    }),
);

linuxTest("a process is stopped while it becomes the owner: another one takes over", () =>
  withMembers(["node"], async (members, _, start) => {
    const [first] = members as [Member];
    first.child.kill("SIGKILL");
    await first.ended;
    const opening = await start("node", "stop index", (member) => member.has("stops"));
    const next = await start("deno");
    assert.equal(next.role, "owner");
    opening.child.kill("SIGCONT");
    await until(() => opening.role === "client", "it is a client");
    await Promise.all([opening.goesOn(), next.goesOn()]);
  }),
);

linuxTest("a client without calls learns later that the owner is another one", () =>
  withMembers(["node", "bun"], async (members, path) => {
    const [owner, other] = members as [Member, Member];
    await using idle = await open({ path, shared: true });
    await idle.put("idle", "1");
    owner.child.kill("SIGSTOP");
    await until(() => other.role === "owner", "the other one is the owner");
    await other.goesOn();
    await idle.put("idle", "2");
    assert.equal(idle.role, "client");
    owner.child.kill("SIGCONT");
    await until(() => owner.role === "client", "it is a client");
    await Promise.all(members.map((member) => member.goesOn()));
  }),
);
