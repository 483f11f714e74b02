/**
 * Directories that were moved, that are locked, or that have other content.
 *
 * @module
 */

import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { type Case, type Module, modulePath, outcomeOf, runtimeArguments } from "./case.ts";

const text = (value: Uint8Array | undefined) => (value ? new TextDecoder().decode(value) : "missing");

/**
 * Two owners. `move` makes the path of the first one point elsewhere. Returns what each owner can do, and what is left
 * of B's data.
 */
function moved(name: string, move: (directory: string, path: string) => void, path = "data"): Case {
  return {
    name: `directory: ${name}`,
    wanted: "A LOCK_LOST, B's data are there",
    run: async (luge, directory) => {
      const place = join(directory, path);
      mkdirSync(dirname(place), { recursive: true });
      if (name.includes("symlink")) {
        mkdirSync(join(directory, "one"));
        symlinkSync(join(directory, "one"), place);
      }
      const a = await luge.open({ path: place, loggingLevel: 3 });
      await a.put("owner", "A");
      move(directory, place);
      const b = await luge.open({ path: place, loggingLevel: 3 });
      await b.put("owner", "B");
      const put = await outcomeOf(() => a.put("other", new Uint8Array(5_000_000)));
      await outcomeOf(() => a.flush());
      const closedB = await outcomeOf(() => b.close());
      await outcomeOf(() => a.close());
      let found = "";
      const reopened = await outcomeOf(async () => {
        const store = await luge.open({ path: place, loggingLevel: 3 });
        found = text(await store.get("owner"));
        await store.close();
      });
      return `A's put ${put}, B's close ${closedB}, opened again ${reopened}, owner ${found}`;
    },
  };
}

/** How long an open takes after the owner has died. */
async function timedOpen(luge: Module, path: string): Promise<string> {
  const began = performance.now();
  const outcome = await outcomeOf(async () => await (await luge.open({ path, loggingLevel: 3 })).close());
  return `${outcome} after ${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** A program that opens a store and prints a line. */
function owner(path: string): string {
  const module = pathToFileURL(modulePath()).href;
  return `const { open } = await import(${JSON.stringify(module)});
    const store = await open({ path: ${JSON.stringify(path)}, loggingLevel: 3 });
    await store.put("key", "value"); console.log("open"); setInterval(() => {}, 1000);`;
}

export const DIRECTORIES: readonly Case[] = [
  moved("renamed", (_, path) => renameSync(path, `${path}.old`)),
  moved("a parent renamed", (directory) => renameSync(join(directory, "top"), join(directory, "old")), "top/deep/data"),
  moved("removed", (_, path) => rmSync(path, { recursive: true })),
  moved("a symlink switched", (directory, path) => {
    mkdirSync(join(directory, "two"));
    unlinkSync(path);
    symlinkSync(join(directory, "two"), path);
  }),
  moved("restored over from a copy", (directory, path) => {
    spawnSync("cp", ["-a", path, join(directory, "copy")]);
    for (const name of readdirSync(join(directory, "copy"))) {
      if (/^LOCK|\.sock$/.test(name)) rmSync(join(directory, "copy", name));
    }
    rmSync(path, { recursive: true });
    renameSync(join(directory, "copy"), path);
  }),
  {
    name: "directory: a copy of an open store",
    wanted: "opens at once",
    run: async (luge, directory) => {
      const store = await luge.open({ path: join(directory, "data"), loggingLevel: 3 });
      await store.put("key", "value");
      spawnSync("cp", ["-a", join(directory, "data"), join(directory, "copy")]);
      return await timedOpen(luge, join(directory, "copy"));
    },
  },
  {
    name: "directory: the owner was killed in another namespace of process ids",
    wanted: "opens at once",
    run: async (luge, directory) => {
      const program = join(directory, "owner.mjs");
      writeFileSync(program, owner(join(directory, "data")));
      const command = ["--fork", "--pid", "--mount-proc", process.execPath, ...runtimeArguments(program)];
      const child = spawn("unshare", command, { stdio: ["ignore", "pipe", "ignore"] });
      const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
      const opened = await new Promise<boolean>((resolve) => {
        child.stdout.once("data", () => resolve(true));
        child.once("close", () => resolve(false));
        child.once("error", () => resolve(false));
      });
      if (!opened) return "not tried: unshare needs root";
      // The first process of a namespace is the child of unshare.
      spawnSync("pkill", ["-KILL", "-P", String(child.pid)]);
      await ended;
      return await timedOpen(luge, join(directory, "data"));
    },
  },
  {
    name: "directory: the owner was a worker that was terminated",
    wanted: "opens at once",
    run: async (luge, directory) => {
      const program = join(directory, "owner.mjs");
      const source = owner(join(directory, "data")).replace('console.log("open")', 'postMessage("open")');
      writeFileSync(
        program,
        `import { parentPort } from "node:worker_threads";\n${source.replace("postMessage", "parentPort.postMessage")}`,
      );
      const worker = new Worker(program);
      await new Promise((resolve) => worker.once("message", resolve));
      await worker.terminate();
      return await timedOpen(luge, join(directory, "data"));
    },
  },
  ...[".gitkeep", ".gitignore", ".DS_Store", ".nfs0001", "Thumbs.db"].map(
    (name): Case => ({
      name: `directory: empty but for ${name}`,
      wanted: "done",
      run: async (luge, directory) => {
        writeFileSync(join(directory, name), "");
        return await outcomeOf(async () => (await luge.open({ path: directory, loggingLevel: 3 })).close());
      },
    }),
  ),
  {
    name: "directory: a string file:///…",
    wanted: "that directory",
    run: async (luge, directory) => {
      process.chdir(directory);
      const path = pathToFileURL(join(directory, "data")).href;
      const outcome = await outcomeOf(async () => (await luge.open({ path, loggingLevel: 3 })).close());
      return `${outcome}, ${existsSync(join(directory, "data")) ? "in that directory" : "elsewhere"}`;
    },
  },
  {
    name: "directory: the working directory is deleted",
    wanted: "PATH_UNAVAILABLE",
    run: async (luge, directory) => {
      const place = join(directory, "gone");
      mkdirSync(place);
      process.chdir(place);
      rmSync(place, { recursive: true });
      const outcome = await outcomeOf(async () => (await luge.open({ path: "data", loggingLevel: 3 })).close());
      process.chdir("/");
      return outcome;
    },
  },
  {
    name: "directory: the message of STORE_LOCKED",
    wanted: "a sentence that says what to do",
    run: async (luge, directory) => {
      const first = await luge.open({ path: directory, loggingLevel: 3 });
      const message = await luge.open({ path: directory, loggingLevel: 3 }).then(
        () => "opened",
        (error) => String(error.message),
      );
      await first.close();
      return message.replaceAll(directory, "DIR");
    },
  },
  {
    name: "directory: history, opened once without numVersionsToKeep",
    wanted: "10 versions, or an error",
    run: async (luge, directory) => {
      const first = await luge.open({ path: directory, numVersionsToKeep: 1000, loggingLevel: 3 });
      for (let i = 0; i < 10; i++) await first.put("key", String(i));
      await first.close();
      const second = await outcomeOf(async () => {
        const store = await luge.open({ path: directory, loggingLevel: 3 });
        await store.compact();
        await store.close();
      });
      const third = await luge.open({ path: directory, numVersionsToKeep: 1000, loggingLevel: 3 });
      const { length } = await third.versions("key");
      await third.close();
      return `${second}; ${length} versions left`;
    },
  },
];
