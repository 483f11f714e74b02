/**
 * Processes on three runtimes share a store, and its owner is killed: another one takes over, and every write is done
 * once.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { open } from "../../mod.ts";
import { RUNTIMES, type Runtime } from "../../scripts/lib/runtimes.ts";
import { float64Codec } from "../../src/codecs/mod.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { CountingProcess } from "./counting_process.ts";

const MEMBER = fileURLToPath(new URL("member.ts", import.meta.url));
const COUNT = 400;

class Member extends CountingProcess {
  constructor(name: string, runtime: Runtime, path: string) {
    super(name, runtime, MEMBER, [path, name, String(COUNT)]);
  }

  get isDone(): boolean {
    return this.has("done");
  }

  /** What it should not have said. */
  get wrong(): string[] {
    return this.said.filter((line) => !line.startsWith("done"));
  }
}

nodeTest(
  "the owner of a shared store is killed twice: the others go on, and no write is lost or done twice",
  async () => {
    await withDirectory(async (path) => {
      const members = RUNTIMES.map((runtime) => new Member(runtime, runtime, path));
      try {
        const killed: Member[] = [];
        let early: Member[] = [];
        for (const at of [50, 150]) {
          const left = () => members.filter((member) => !killed.includes(member));
          await until(() => left().every((member) => member.at >= at || member.isDone), `all at ${at}`);
          const owner = left().find(({ role }) => role === "owner");
          assert.ok(owner, "one is the owner");
          // One that has nothing left to do need not become the owner.
          early = members.filter(({ isDone }) => isDone);
          owner.child.kill("SIGKILL");
          await owner.ended;
          killed.push(owner);
        }
        const [last] = members.filter((member) => !killed.includes(member));
        await until(() => last?.isDone === true, "the last one is done");
        assert.ok(last && (last.role === "owner" || early.includes(last)));
        last?.child.stdin?.end();
        await last?.ended;
        assert.deepEqual(
          members.map(({ wrong }) => wrong),
          [[], [], []],
        );
        await using store = await open(path);
        const numbers = await store.view({ prefix: "count/", value: float64Codec }).entries().toArray();
        assert.deepEqual(
          [...store.keys()].filter((key) => !key.startsWith("count/")),
          [],
          "no records are left",
        );
        for (const [name, value] of numbers) {
          const member = members.find((each) => each.name === name);
          assert.ok(member);
          const most = killed.includes(member) ? member.at + 1 : COUNT;
          assert.ok(value >= member.at && value <= most, `${name} has ${value}, and had said ${member.at}`);
        }
      } finally {
        for (const { child } of members) child.kill("SIGKILL");
      }
    });
  },
);
