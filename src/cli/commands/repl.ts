import process from "node:process";
import type { Interface } from "node:readline";
import { type CliCommand, command } from "../command.ts";
import { ExitCode } from "../exit_codes.ts";
import { editLines } from "../line_editor.ts";
import { withStoreOptions } from "../options.ts";
import type { Session, StoreOptions } from "../session.ts";
import type { CliStore } from "../store.ts";
import { wordsOf } from "../words.ts";

interface ReplOptions extends StoreOptions {
  readonly readOnly?: boolean;
}

/** `luge repl`. */
export const repl: CliCommand = command<[], ReplOptions>({
  name: "repl",
  summary: "an interactive shell on an open store",
  details:
    "Takes the same commands, without the directory. help lists them, and Tab completes them; exit or Ctrl-D ends. Ctrl-C stops a command or clears the line. " +
    "Lines may come from a pipe: then the exit code is that of the first command that failed.",
  examples: `
$ printf 'put greeting "good morning"\\nget greeting\\nexit\\n' | luge repl shop
good morning`,
  standalone: "place",
  define: (command) => {
    withStoreOptions(command.option("--read-only", "open the store for reading only"));
  },
  run: async (session, _, options) =>
    await session.withStore(options.readOnly ? "read" : "create", (store) => converse(session, store), options),
});

async function converse(session: Session, store: CliStore): Promise<ExitCode> {
  const isTerminal = process.stdin.isTTY === true;
  let talk: Talk | undefined;
  const lines = editLines({
    input: process.stdin,
    output: isTerminal ? process.stdout : undefined,
    commands: [...session.commands, "help", "exit"],
    stop: () => talk?.stop() ?? false,
  });
  const end = () => lines.close();
  session.signal.addEventListener("abort", end);
  try {
    talk = new Talk(session, store, lines);
    const failed = await talk.run();
    session.signal.throwIfAborted();
    return isTerminal ? ExitCode.done : failed;
  } finally {
    session.signal.removeEventListener("abort", end);
    lines.close();
  }
}

class Talk {
  readonly #session: Session;
  readonly #store: CliStore;
  readonly #lines: Interface;
  /** Ends the running command. */
  #current: AbortController | undefined;

  constructor(session: Session, store: CliStore, lines: Interface) {
    this.#session = session;
    this.#store = store;
    this.#lines = lines;
  }

  /** Ends the running command. Returns whether there was one. */
  stop(): boolean {
    this.#current?.abort();
    return this.#current !== undefined;
  }

  /** Runs all lines. Returns the first exit code that is not 0. */
  async run(): Promise<ExitCode> {
    let first: ExitCode = ExitCode.done;
    this.#prompt();
    for await (const line of this.#lines) {
      if (["exit", "quit", ".exit"].includes(line.trim())) break;
      const code = await this.#runLine(line);
      if (first === ExitCode.done) first = code;
      if (this.#session.signal.aborted) break;
      this.#prompt();
    }
    return first;
  }

  #prompt(): void {
    if (process.stdin.isTTY) this.#lines.prompt();
  }

  async #runLine(line: string): Promise<ExitCode> {
    this.#current = new AbortController();
    const signal = AbortSignal.any([this.#session.signal, this.#current.signal]);
    try {
      return await this.#session.runWords(() => wordsOf(line), { opened: this.#store, signal });
    } finally {
      this.#current = undefined;
    }
  }
}
