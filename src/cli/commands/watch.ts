import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { delay } from "@std/async";
import { type ChangeIn, type SledStore, StoreError } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { encodeForJson, encodeForLine } from "../encodings.ts";
import { checked, FailedError } from "../exit_codes.ts";
import {
  integer,
  type KeyOptions,
  type RangeOptions,
  rangeOf,
  type ValueOptions,
  withKeys,
  withRange,
  withValues,
} from "../options.ts";
import type { Session } from "../session.ts";
import { type CliStore, isShared } from "../store.ts";

interface WatchCommandOptions extends RangeOptions, ValueOptions {
  readonly since?: number;
  readonly limit?: number;
  readonly follow: boolean;
}

/** The time between two looks at a directory, in milliseconds. */
const POLL_MS = 300;

/** `luge watch`. */
export const watch: CliCommand = command<[prefix: string | undefined], WatchCommandOptions>({
  name: "watch",
  summary: "print changes as they are made, until Ctrl-C",
  details:
    "A line has the version, put or delete, the key, and the value. A directory has one owner at a time: the command sees the writes of\n" +
    "another process after that process closed the store. Older changes appear as far as the history reaches back.",
  examples: `
$ luge put tea price 10 --keep-versions 100
$ luge put tea price 12
$ luge watch tea --since 0 --limit 2
…	put	price	10
…	put	price	12
$ luge watch tea price --since 0 --no-follow
…	put	price	10
…	put	price	12`,
  define: (command) => {
    command.argument("[prefix]", "only keys that start with this");
    withRange(withValues(withKeys(command)))
      .option("--since <version>", "changes after that commit (default: changes from now on)", integer(0))
      .option("-n, --limit <count>", "end after this many changes", integer(1))
      .option("--no-follow", "end after the past changes");
  },
  run: async (session, [prefix], options) => {
    const range = { ...rangeOf(prefix, options), keyEncoding: "bytes" } as const;
    const follower = new Follower(session, options);
    // With `--since` the start is known, so the first look may fail because the store is locked. Otherwise the first
    // look must succeed, because it sets the start.
    const looksAgain = !session.isInteractive && !session.isRemote;
    if (options.follow && options.since !== undefined && looksAgain) await follower.lookAgain(range);
    else await session.withStore("read", (store) => follower.follow(store, range));
    while (options.follow && !follower.isDone) {
      await delay(POLL_MS, { signal: session.signal });
      await follower.lookAgain(range);
    }
  },
});

type Range = Parameters<typeof SledStore.prototype.watch<"bytes">>[0];

/** Prints changes, each once, even if the store is opened several times. */
class Follower {
  readonly #session: Session;
  readonly #options: WatchCommandOptions & KeyOptions;
  /** All changes before this version are printed, and `#printed` changes of this version. */
  #version: number | undefined;
  #printed = 0;
  #total = 0;
  #seen = "";

  constructor(session: Session, options: WatchCommandOptions) {
    this.#session = session;
    this.#options = options;
    if (options.since !== undefined) this.#version = options.since + 1;
  }

  get isDone(): boolean {
    return this.#total >= (this.#options.limit ?? Number.POSITIVE_INFINITY);
  }

  /** Prints the past changes. For a store that is open for writing here, also the changes to come. */
  async follow(store: CliStore, range: Range): Promise<void> {
    if (isShared(store) && !this.#options.follow) {
      throw new FailedError("Cannot end after the past changes while other processes share the store: use --limit");
    }
    this.#version ??= store.version + 1;
    let skip = this.#printed;
    const [first, { signal }] = [this.#version, this.#session];
    const changes = checked(() => store.watch(range, { since: first - 1, signal }));
    for await (const change of changes) {
      if (change.version === first && skip-- > 0) continue;
      await this.#print(change);
      if (this.isDone) return;
    }
  }

  /** Prints new changes. Does nothing if the directory had no owner since the last look, or has one now. */
  async lookAgain(range: Range): Promise<void> {
    const state = lockState(this.#session.directory);
    if (state === this.#seen) return;
    try {
      await this.#session.withStore("read", (store) => this.follow(store, range));
      this.#seen = state;
    } catch (error) {
      const isTaken = error instanceof StoreError && (error.code === "STORE_LOCKED" || error.code === "LOCK_LOST");
      if (!isTaken) throw error;
    }
  }

  async #print(change: ChangeIn<"bytes">): Promise<void> {
    this.#printed = change.version === this.#version ? this.#printed + 1 : 1;
    this.#version = change.version;
    this.#total += 1;
    const { output, json } = this.#session;
    await output.line(json ? jsonOf(change, this.#options) : lineOf(change, this.#options));
    await output.flush();
  }
}

function jsonOf({ key, value, ...change }: ChangeIn<"bytes">, { keys, values }: KeyOptions & ValueOptions): string {
  const shown = value ? { value: encodeForJson(value, values) } : {};
  return JSON.stringify({ ...change, key: encodeForJson(key, keys), ...shown });
}

function lineOf({ version, type, key, value }: ChangeIn<"bytes">, { keys, values }: KeyOptions & ValueOptions): string {
  const shown = value ? [encodeForLine(value, values)] : [];
  return [`${version}`, type, encodeForLine(key, keys), ...shown].join("\t");
}

/** A text that changes whenever an owner takes or releases the directory. */
function lockState(directory: string): string {
  const locks = readdirSync(directory).filter((name) => name.startsWith("LOCK."));
  const states = locks.map((name) => {
    const stat = statSync(join(directory, name), { throwIfNoEntry: false });
    return `${name} ${stat?.mtimeMs} ${stat?.size}`;
  });
  return states.sort().join();
}
