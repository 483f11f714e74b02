/**
 * Runs the examples of several processes with one store, as their comments say.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { freePort } from "../../scripts/lib/free_port.ts";
import { binary, launcher, ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

const example = (name: string) => join(ROOT, "examples", name);

/** The lines of a child, as they come. */
function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  let rest = "";
  child.stdout?.on("data", (piece) => {
    const parts = `${rest}${piece}`.split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  });
  return lines;
}

async function until<T>(found: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let i = 0; i < 1500; i++) {
    const value = await found();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it did not happen within half a minute");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
}

nodeTest("the Bun cluster counts in all processes, also if its owner is killed", () =>
  withDirectory(async (path) => {
    const port = await freePort();
    const args = [example("bun_cluster.ts"), join(path, "store"), `${port}`, "3"];
    const cluster = spawn(binary("bun"), args, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = linesOf(cluster);
    const url = `http://127.0.0.1:${port}/visits`;
    // Each request has a connection of its own, so the processes take turns.
    const send = async (method: string) =>
      await (await fetch(url, { method, headers: { connection: "close" } })).json();
    try {
      await until(() => lines.length >= 3);
      const counts = await Promise.all(Array.from({ length: 30 }, () => send("POST")));
      assert.deepEqual(
        counts.toSorted((a, b) => a - b),
        counts.map((_, i) => i + 1),
      );
      const { pid } = await until(async () => {
        const answer = await send("GET");
        return answer.role === "owner" && answer;
      });
      process.kill(pid, "SIGKILL");
      await until(() => lines.length >= 4);
      // A request to the killed process fails; the client tries again.
      const next = await until(async () => await send("POST").catch(() => undefined));
      assert.ok(next >= 31 && next <= 32, `${next}`);
    } finally {
      await ended(cluster);
    }
  }),
);

nodeTest("the Deno server, the Node worker and the command line use one store", () =>
  withDirectory(async (path) => {
    const store = join(path, "orders");
    const [deno, flags] = launcher("deno", [
      `--allow-net=127.0.0.1,unix:${store}/shared/socket`,
      `--allow-read=${path}`,
      `--allow-write=${path}`,
    ]);
    const port = await freePort();
    const server = spawn(deno, [...flags, example("orders_server.ts"), store, `${port}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const url = `http://127.0.0.1:${port}/`;
    const order = (item: unknown) => fetch(url, { method: "POST", body: JSON.stringify({ item }) });
    let worker: ChildProcess | undefined;
    try {
      await until(async () => (await fetch(url).catch(() => undefined))?.ok);
      assert.equal((await order(1)).status, 400);
      assert.equal((await order("tea")).status, 201);
      worker = spawn(binary("node"), [example("orders_worker.ts"), store], { stdio: ["ignore", "pipe", "inherit"] });
      const shipped = linesOf(worker);
      await until(() => shipped.length === 1);
      assert.equal((await order("coffee")).status, 201);
      await until(() => shipped.length === 2);
      assert.deepEqual(shipped, ["shipped tea", "shipped coffee"]);
      assert.equal((await (await fetch(url)).json()).length, 2);
      const luge = [join(ROOT, "src", "cli", "main.ts"), "count", store, "shipped/"];
      assert.equal(execFileSync(binary("node"), luge, { encoding: "utf8" }), "2\n");
    } finally {
      if (worker) await ended(worker);
      await ended(server);
    }
  }),
);
