/**
 * The owner behind a gateway is killed, and the gateway itself: clients on three runtimes go on, and every write is done
 * once.
 */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { open } from "../../mod.ts";
import { freePort } from "../../scripts/lib/free_port.ts";
import { RUNTIMES, type Runtime } from "../../scripts/lib/runtimes.ts";
import { float64Codec } from "../../src/codecs/mod.ts";
import { kill, printed, start } from "../support/child.ts";
import { nodeTest } from "../support/node_only.ts";
import { TOKEN } from "../support/served.ts";
import { withDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const MEMBER = fileURLToPath(new URL("member.ts", import.meta.url));
/** Far more than they reach before they are told to stop. */
const COUNT = 1_000_000;

/** A process that counts, and how far it is. */
class Counter {
  readonly name: string;
  readonly child: ChildProcess;
  readonly wrong: string[] = [];
  at = 0;
  isDone = false;

  constructor(runtime: Runtime, address: string) {
    this.name = runtime;
    this.child = start(runtime, MEMBER, ["count", address, runtime, String(COUNT)]);
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => this.#hear(line));
    createInterface({ input: this.child.stderr as NodeJS.ReadableStream }).on("line", (line) => this.wrong.push(line));
  }

  #hear(line: string): void {
    const [word, number] = line.split(" ");
    if (word === "at") this.at = Number(number);
    else if (word === "done") this.isDone = true;
    else this.wrong.push(line);
  }
}

nodeTest("owners and gateways are killed: their clients go on, and no write is lost or done twice", () =>
  withDirectory(async (path) => {
    const port = await freePort();
    const children: ChildProcess[] = [];
    const begin = async (args: string[], line: RegExp) => {
      const child = start("node", MEMBER, args);
      children.push(child);
      assert.match(await printed(child, ""), line);
      return child;
    };
    try {
      const owner = await begin(["own", path], /^is owner$/);
      const gateway = await begin(["serve", path, `${port}`], /^serves client/);
      const counters = RUNTIMES.map((runtime) => new Counter(runtime, `luge://127.0.0.1:${port}`));
      children.push(...counters.map(({ child }) => child));
      const allAt = (at: number) => until(() => counters.every((each) => each.at >= at), `all at ${at}`);
      await allAt(50);
      await kill(owner);
      const reached = Math.max(...counters.map(({ at }) => at));
      await allAt(reached + 50);
      await kill(gateway);
      const again = await begin(["serve", path, `${port}`], /^serves owner/);
      await allAt(Math.max(...counters.map(({ at }) => at)) + 50);
      const client = await open({ address: `luge://127.0.0.1:${port}`, token: TOKEN });
      await client.put("stop", "");
      await client.close();
      await until(() => counters.every(({ isDone }) => isDone), "all are done");
      assert.deepEqual(
        counters.map(({ wrong }) => wrong),
        [[], [], []],
      );
      await kill(again);
      await using store = await open(path);
      const numbers = await store.view({ prefix: "count/", value: float64Codec }).entries().toArray();
      const expected = counters.map(({ name, at }) => [name, at]);
      assert.deepEqual(numbers, expected.toSorted());
    } finally {
      for (const child of children) child.kill("SIGKILL");
    }
  }),
);
