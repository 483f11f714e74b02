/**
 * The processes of a campaign.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SharedStore } from "../../../mod.ts";
import { launcher, type Runtime } from "../../lib/runtimes.ts";
import { type Done, operationsOf } from "./operations.ts";

const PROGRAM = join(import.meta.dirname, "member.ts");

/** What the gateways of the campaign ask for. */
const TOKEN = "a-token-of-a-campaign-of-shared-stores";

/** How a process comes to the store. */
export interface Way {
  /** The directory of the store. */
  readonly directory: string;
  /** A port of 127.0.0.1 for others, if it has one. */
  readonly listens?: number | undefined;
  /** The port of the gateway that it connects to instead of the directory, if it does. */
  readonly connects?: number | undefined;
  /** Whether it follows. */
  readonly follows: boolean;
}

/** One process that shares the store. */
export class Member {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<void>;
  /** What it said last. */
  role: SharedStore["role"] | undefined;
  /** How often it was the owner and became a client: another one took over while it was stopped. */
  timesFenced = 0;
  /** Whether it closed the store. */
  isClosed = false;
  /** Whether it ended by itself before it should. */
  isBroken = false;
  #mayEnd = false;

  constructor(runtime: Runtime, folder: string, name: string, seed: number, way: Way) {
    this.#log = join(folder, `${name}.log`);
    const [program, args] = launcher(runtime);
    const { directory, listens, connects, follows } = way;
    const place = connects === undefined ? directory : `luge://127.0.0.1:${connects}`;
    const told = [place, this.#log, name, String(seed), TOKEN, String(listens ?? ""), follows ? "follow" : "share"];
    const child = spawn(program, [...args, PROGRAM, ...told], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "closed") {
        this.isClosed = true;
        return;
      }
      const role = line.split(" ")[1] as SharedStore["role"];
      if (this.role === "owner" && role !== "owner") this.timesFenced += 1;
      this.role = role;
    });
    child.stdin.on("error", () => {});
    this.#ended = new Promise((resolve) =>
      child.once("close", () => {
        this.isBroken = !this.#mayEnd;
        resolve();
      }),
    );
  }

  /** Kills the process. */
  async kill(): Promise<void> {
    this.#mayEnd = true;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Stops the process for some time. */
  async freeze(ms: number): Promise<void> {
    this.#child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#child.kill("SIGCONT");
  }

  /** Lets it end. Rejects if it does not. */
  async end(patienceMs: number): Promise<void> {
    this.#mayEnd = true;
    this.#child.stdin?.end();
    let timer: NodeJS.Timeout | undefined;
    const hung = new Promise<"hung">((resolve) => {
      timer = setTimeout(() => resolve("hung"), patienceMs);
    });
    const result = await Promise.race([this.#ended, hung]);
    clearTimeout(timer);
    if (result !== "hung") return;
    await this.kill();
    throw new Error("a member did not end: a call hangs");
  }

  /** What it did. */
  history(): Done[] {
    // One that was killed at once has written nothing.
    return existsSync(this.#log) ? operationsOf(readFileSync(this.#log, "utf8")) : [];
  }
}
