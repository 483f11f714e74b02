import assert from "node:assert/strict";
import * as fs from "node:fs";
import process from "node:process";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type LockOptions, lockDirectory } from "../../src/fs/lock.ts";
import { encodeRecord, lockNumbers, lockPath } from "../../src/fs/lock_record.ts";
import { ownIdentity } from "../../src/fs/process_identity.ts";
import { Child, childCommand, killProcess, RUNTIMES, type Runtime } from "./child.ts";
import type { Answer } from "./lock_child.ts";
import { lockFiles, Temporary } from "./temporary.ts";

const QUICK: LockOptions = { staleAfterMs: 400, heartbeatMs: 40 };

/** Neither sees the other's process or shares the kernel's lock with it. Only the heartbeat is left. */
function onlyHeartbeat(owner: Runtime, taker: Runtime): boolean {
  return (owner === "node" && taker === "deno-scoped") || (owner === "deno-scoped" && taker === "node");
}

describe("directory lock, between processes", () => {
  const temporary = new Temporary();
  after(() => temporary.cleanUp());

  async function start(runtime: Runtime, directory: string): Promise<Child> {
    return temporary.own(await Child.start(childCommand(runtime, directory)));
  }

  for (const runtime of RUNTIMES) {
    test(`${runtime} cannot lock what this process holds`, async () => {
      const directory = temporary.directory();
      const lock = await lockDirectory(directory);
      const child = await start(runtime, directory);
      assertLocked(await child.ask({ do: "lock", directory }), process.pid);
      lock.release();
      assert.deepEqual(await child.ask({ do: "lock", directory }), { held: true });
      await child.kill();
    });
  }

  for (const owner of RUNTIMES) {
    for (const taker of RUNTIMES) {
      test(`${taker} respects a live ${owner} and takes over from a killed one`, async () => {
        const directory = temporary.directory();
        const [first, second] = await Promise.all([start(owner, directory), start(taker, directory)]);
        const options = onlyHeartbeat(owner, taker) ? QUICK : {};
        assert.deepEqual(await first.ask({ do: "lock", directory, options }), { held: true });
        if (onlyHeartbeat(owner, taker)) await sleep(500);
        assertLocked(await second.ask({ do: "lock", directory, options }), first.pid, owner.replace("-scoped", ""));
        assert.deepEqual(await first.ask({ do: "held" }), { held: true });
        await first.kill();
        if (onlyHeartbeat(owner, taker)) {
          assertLocked(await second.ask({ do: "lock", directory }), first.pid, "last heartbeat");
          await sleep(500);
        }
        assert.deepEqual(await second.ask({ do: "lock", directory, options }), { held: true });
        assert.deepEqual(lockFiles(directory), ["LOCK.0000000002"]);
        await second.kill();
      });
    }
  }

  for (const runtime of RUNTIMES) {
    test(`${runtime} ends while it holds the lock: no timer keeps it, the next owner need not wait`, async () => {
      const directory = temporary.directory();
      const child = await start(runtime, directory);
      assert.deepEqual(await child.ask({ do: "lock", directory }), { held: true });
      await child.end();
      const next = await start(runtime === "node" ? "bun" : runtime, directory);
      assert.deepEqual(await next.ask({ do: "lock", directory }), { held: true });
      await next.kill();
    });
  }

  test("an owner that blocks its event loop loses the lock to one that cannot check it, and notices", async () => {
    const directory = temporary.directory();
    const [owner, taker] = await Promise.all([start("node", directory), start("deno-scoped", directory)]);
    assert.deepEqual(await owner.ask({ do: "lock", directory, options: QUICK }), { held: true });
    const blocked = owner.ask({ do: "block", ms: 1500, asking: false });
    await sleep(600);
    assert.deepEqual(await taker.ask({ do: "lock", directory, options: QUICK }), { held: true });
    await blocked;
    assert.deepEqual(await owner.ask({ do: "held" }), { held: false });
    assert.deepEqual(await owner.ask({ do: "release" }), { held: false });
    assert.deepEqual(await taker.ask({ do: "held" }), { held: true });
    await Promise.all([owner.kill(), taker.kill()]);
  });

  test("an owner that blocks its event loop but calls held keeps its lock", async () => {
    const directory = temporary.directory();
    const [owner, taker] = await Promise.all([start("node", directory), start("deno-scoped", directory)]);
    assert.deepEqual(await owner.ask({ do: "lock", directory, options: QUICK }), { held: true });
    const blocked = owner.ask({ do: "block", ms: 1200, asking: true });
    await sleep(700);
    assertLocked(await taker.ask({ do: "lock", directory, options: QUICK }), owner.pid, "last heartbeat");
    await blocked;
    assert.deepEqual(await owner.ask({ do: "held" }), { held: true });
    await Promise.all([owner.kill(), taker.kill()]);
  });

  test("an owner whose process is visible keeps its lock, however long it sends no heartbeat", async () => {
    const directory = temporary.directory();
    const [owner, bun, node] = await Promise.all([
      start("deno", directory),
      start("bun", directory),
      start("node", directory),
    ]);
    assert.deepEqual(await owner.ask({ do: "lock", directory, options: QUICK }), { held: true });
    const blocked = owner.ask({ do: "block", ms: 1200, asking: false });
    await sleep(700);
    for (const taker of [bun, node]) {
      assertLocked(await taker.ask({ do: "lock", directory, options: QUICK }), owner.pid);
    }
    await blocked;
    assert.deepEqual(await owner.ask({ do: "held" }), { held: true });
    await Promise.all([owner.kill(), bun.kill(), node.kill()]);
  });

  test("a killed owner is dead although its parent does not wait for it", async () => {
    const directory = temporary.directory();
    // The shell becomes a program that never waits for its child.
    const script = 'exec 3<&0; "$@" <&3 & exec sleep 60';
    const orphaned = ["/bin/sh", "-c", script, "sh", ...childCommand("node", directory)];
    const owner = await Child.start(orphaned);
    try {
      assert.deepEqual(await owner.ask({ do: "lock", directory }), { held: true });
      killProcess(owner.pid);
      while (!fs.readFileSync(`/proc/${owner.pid}/stat`, "utf8").includes(") Z ")) await sleep(5);
      const taker = await start("node", directory);
      assert.deepEqual(await taker.ask({ do: "lock", directory }), { held: true });
      await taker.kill();
    } finally {
      await owner.killProgram();
    }
  });

  test("the smallest permissions suffice on Deno, and everything outside is EACCES", async () => {
    const [inside, outside] = [temporary.directory(), temporary.directory()];
    const child = await start("deno-scoped", inside);
    const answer = await child.ask({ do: "codes", directory: inside });
    assert.deepEqual(answer.codes, Array(8).fill("ok"));
    const refused = await child.ask({ do: "codes", directory: outside });
    assert.deepEqual(refused.codes, Array(8).fill("EACCES"));
    assert.equal((await child.ask({ do: "lock", directory: outside })).error, "EACCES");
    await child.kill();
  });

  test("eight processes race for one stale lock: each round exactly one wins", async () => {
    const directory = temporary.directory();
    const mix: Runtime[] = ["node", "node", "node", "bun", "bun", "bun", "deno", "deno"];
    const children = await Promise.all(mix.map((runtime) => start(runtime, directory)));
    const wins = new Map<Child, number>();
    let previous: Child | undefined;
    for (let round = 0; round < 60; round++) {
      // The process that is asked first has an advantage, so each one is first in turn.
      children.push(...children.splice(0, 1));
      if (round % 10 !== 0) leaveStaleLock(directory, round % 3 === 0);
      else await previous?.ask({ do: "release" });
      const answers = await Promise.all(children.map((child) => child.ask({ do: "lock", directory, options: RACE })));
      const winners = children.filter((_, index) => answers[index]?.held);
      assert.equal(winners.length, 1, JSON.stringify(answers));
      for (const answer of answers) assert.ok(answer.held || answer.error === "STORE_LOCKED", JSON.stringify(answer));
      const held = await Promise.all(children.map((child) => child.ask({ do: "held" })));
      assert.deepEqual(
        children.filter((_, index) => held[index]?.held),
        winners,
      );
      assert.equal(lockFiles(directory).length, 1);
      previous = winners[0];
      if (previous) wins.set(previous, (wins.get(previous) ?? 0) + 1);
    }
    assert.ok(wins.size > 1, "more than one process wins now and then");
    await Promise.all(children.map((child) => child.kill()));
  });
});

/** Patient enough for live owners on a busy machine, and quick with a dead one. */
const RACE: LockOptions = { staleAfterMs: 5_000, heartbeatMs: 20 };

/** A newest lock file with a dead owner. The process id shows it, or, as for another machine, only the heartbeat. */
function leaveStaleLock(directory: string, byHeartbeat: boolean): void {
  const path = lockPath(directory, Math.max(...lockNumbers(directory)) + 1);
  const fd = fs.openSync(path, "wx");
  const inode = String(fs.fstatSync(fd, { bigint: true }).ino);
  const machine = byHeartbeat ? { machine: "another" } : {};
  const owner = { ...ownIdentity(), ...machine, pid: 2 ** 22 + 1, runtime: "node" };
  fs.writeSync(fd, encodeRecord({ format: 1, ...owner, nonce: "stale", inode, kernel: false, released: false }));
  fs.closeSync(fd);
  const longAgo = new Date(Date.now() - 3_600_000);
  fs.utimesSync(path, longAgo, longAgo);
}

function assertLocked(answer: Answer, pid: number, text = ""): void {
  assert.equal(answer.error, "STORE_LOCKED", JSON.stringify(answer));
  const message = answer.message ?? "";
  assert.match(message, new RegExp(`\\b${pid}\\b`));
  assert.ok(message.includes(text), message);
}
