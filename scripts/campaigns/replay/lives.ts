/**
 * Transactions that conflict, stores that close, fake timers, and what keeps a process alive.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type Case, type Module, modulePath, outcomeOf, pause, runtimeArguments, within } from "./case.ts";

function contention(count: number): Case {
  return {
    name: `contention: ${count} transactions increment one key`,
    wanted: `0 failed, about ${count} runs`,
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      await store.put("count", "0");
      let runs = 0;
      const increment = () =>
        store.transaction(async (tx) => {
          runs += 1;
          const value = Number(new TextDecoder().decode(await tx.get("count")));
          tx.put("count", String(value + 1));
        });
      const ended = await Promise.allSettled(Array.from({ length: count }, increment));
      const failed = ended.filter(({ status }) => status === "rejected").length;
      await store.close();
      return `${failed} failed, ${runs} runs`;
    },
  };
}

/** The outcome of work that begins while the store closes. */
function closing(name: string, begin: (store: InstanceType<Module["SledStore"]>, directory: string) => unknown): Case {
  return {
    name: `closing: ${name} begins`,
    wanted: "STORE_CLOSED or done, close done",
    run: async (luge, directory) => {
      const store = await luge.open({ path: join(directory, "data"), loggingLevel: 3 });
      for (let i = 0; i < 1000; i++) store.put(`key${i}`, "value").catch(() => {});
      const begun = outcomeOf(() => begin(store, directory));
      const closed = await outcomeOf(() => store.close());
      return `${name} ${await within(5000, "hangs", begun)}, close ${closed}`;
    },
  };
}

export const LIVES: readonly Case[] = [
  contention(150),
  contention(1000),
  {
    name: "contention: a signal is aborted within the transaction",
    wanted: "AbortError",
    run: async (luge) => {
      const store = new luge.MemoryStore();
      const controller = new AbortController();
      const run = store.transaction(
        async () => {
          controller.abort();
          await new Promise(() => {});
        },
        { signal: controller.signal },
      );
      return await within(
        3000,
        "hangs",
        outcomeOf(() => run),
      );
    },
  },
  closing("backup", async (store) => {
    for await (const _ of store.backup() as unknown as AsyncIterable<Uint8Array>) await pause(0);
  }),
  closing("backupTo", (store, directory) => store.backupTo(join(directory, "copy"))),
  closing("compact", (store) => store.compact()),
  closing("verify", (store) => store.verify()),
  {
    name: "lives: verify beside compact",
    wanted: "0 damages",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      for (let i = 0; i < 300; i++) await store.put(`key${String(i).padStart(3, "0")}`, new Uint8Array(20_000).fill(i));
      await store.compact();
      for (let i = 0; i < 300; i++) if (i % 3 !== 0) await store.delete(`key${String(i).padStart(3, "0")}`);
      const compacted = store.compact();
      let damages = 0;
      for (let i = 0; i < 5; i++) damages += (await store.verify()).damages.length;
      await compacted;
      await store.close();
      return `${damages} damages`;
    },
  },
  {
    name: "lives: the bytes of compact and of du, without the reserve for a full disk",
    wanted: "the same, but for 1 KiB",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      for (let i = 0; i < 300; i++) await store.put(`key${i % 30}`, new Uint8Array(20_000));
      const { bytesAfter } = await store.compact();
      const listed = spawnSync("find", [path, "-type", "f", "!", "-name", "RESERVE", "-printf", "%s\n"], {
        encoding: "utf8",
      }).stdout;
      const found = listed.split("\n").reduce((sum, size) => sum + Number(size), 0);
      await store.close();
      return `bytesAfter ${bytesAfter}, files ${found}`;
    },
  },
  {
    name: "lives: the first versions of both stores",
    wanted: "the same, or documented",
    run: async (luge, path) => {
      const memory = new luge.MemoryStore();
      const disk = await luge.open({ path, loggingLevel: 3 });
      const versions: (number | undefined)[] = [];
      for (const store of [memory, disk]) {
        await store.put("key", "value");
        versions.push((await store.getEntry("key"))?.version);
      }
      await disk.close();
      return `memory ${versions[0]}, disk ${versions[1]}`;
    },
  },
  {
    name: "lives: fake timers, installed after the import",
    wanted: "done",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      const real = { ...pickTimers() };
      const fake = () => 0;
      Object.assign(globalThis, { setTimeout: fake, setImmediate: fake, queueMicrotask: fake, setInterval: fake });
      const nextTick = process.nextTick;
      process.nextTick = fake as unknown as typeof nextTick;
      const put = outcomeOf(() => store.put("key", "value"));
      const limit = new Promise<string>((resolve) => real.setTimeout(() => resolve("hangs"), 3000));
      const outcome = await Promise.race([put, limit]);
      Object.assign(globalThis, real);
      process.nextTick = nextTick;
      return outcome;
    },
  },
  {
    name: "lives: a loop of awaited gets beside a timer of 50 ms",
    wanted: "it fires within 100 ms or so",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      await store.put("key", "value");
      const began = performance.now();
      let fired = Number.POSITIVE_INFINITY;
      setTimeout(() => {
        fired = performance.now() - began;
      }, 50);
      while (performance.now() - began < 1000) await store.get("key");
      await pause(0);
      await store.close();
      return `after ${Math.round(fired)} ms`;
    },
  },
  {
    name: "lives: a pending watch keeps the process alive",
    wanted: "alive",
    run: async (_, directory) => {
      const program = join(directory, "watch.mjs");
      const module = pathToFileURL(modulePath()).href;
      writeFileSync(
        program,
        `const { MemoryStore } = await import(${JSON.stringify(module)});
        for await (const change of new MemoryStore().watch()) console.log(change);`,
      );
      const { status, error } = spawnSync(process.execPath, runtimeArguments(program), {
        timeout: 3000,
        encoding: "utf8",
      });
      return error ? "alive" : `exit code ${status}`;
    },
  },
];

function pickTimers(): Pick<typeof globalThis, "setTimeout" | "setImmediate" | "queueMicrotask" | "setInterval"> {
  const { setTimeout, setImmediate, queueMicrotask, setInterval } = globalThis;
  return { setTimeout, setImmediate, queueMicrotask, setInterval };
}
