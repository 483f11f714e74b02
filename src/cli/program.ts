/**
 * The command line: reads words, runs a command, and returns the exit code.
 *
 * @module
 */

import process from "node:process";
import { Command, CommanderError } from "commander";
import { StoreError } from "../../mod.ts";
import type { CliCommand } from "./command.ts";
import { COMMANDS } from "./commands/index.ts";
import { codeOf, EXIT_CODES, ExitCode, exitCodeOf, UsageError } from "./exit_codes.ts";
import { ClosedPipe, type Output } from "./output.ts";
import { Session } from "./session.ts";
import type { CliStore } from "./store.ts";

/** The version of the package. A test compares it with package.json. */
export const VERSION = "0.1.0";

/** The environment of a command line. */
export interface Surroundings {
  readonly output: Output;
  /** Receives error messages, one at a time. */
  readonly tell: (message: string) => void;
  /** Ends the running command cleanly. */
  readonly signal: AbortSignal;
  /** The store of an interactive shell. */
  readonly opened?: CliStore;
}

/** The width of the help if no terminal says otherwise. */
const HELP_COLUMNS = 100;

/** Runs one command line. Reports each error through `tell`, and returns the exit code. */
export async function run(words: () => readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  const { output, signal } = surroundings;
  let given: readonly string[] = [];
  try {
    given = words();
    const code = await parse(given, surroundings);
    await output.flush();
    return code;
  } catch (error) {
    if (error instanceof ClosedPipe) return ExitCode.done;
    const json = given.includes("--json");
    const code = signal.aborted ? ExitCode.interrupted : exitCodeOf(error);
    await output.flush().catch(() => {
      // There is another error to report already.
    });
    surroundings.tell(json ? jsonMessage(error, signal) : textMessage(error, signal));
    return code;
  }
}

async function parse(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  let code: ExitCode = ExitCode.done;
  let help = "";
  const program = programFor(surroundings, {
    writeHelp: (text) => {
      help += text;
    },
    ended: (ended) => {
      code = ended;
    },
  });
  if (words.length === 0) {
    if (surroundings.opened) return ExitCode.done;
    await surroundings.output.write(program.helpInformation());
    return ExitCode.usage;
  }
  try {
    await program.parseAsync(words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw new UsageError(error.message.replace(/^error: /, ""));
  }
  await surroundings.output.write(help);
  return code;
}

interface Hooks {
  readonly writeHelp: (text: string) => void;
  readonly ended: (code: ExitCode) => void;
}

function programFor(surroundings: Surroundings, hooks: Hooks): Command {
  const { opened } = surroundings;
  const program = new Command("luge")
    .exitOverride()
    .configureOutput({
      writeOut: hooks.writeHelp,
      // The error has the message.
      writeErr: () => {},
      getOutHelpWidth: () => process.stdout.columns ?? HELP_COLUMNS,
    })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .usage(opened ? "<command> …" : "<command> …  (details: luge <command> --help)");
  if (!opened) {
    program
      .description(
        "Reads, writes, backs up and inspects luge stores. A store is a directory, and has one owner at a time.",
      )
      .version(VERSION, "-V, --version", "print the version");
    program.addHelpText(
      "after",
      `\nExit codes:\n${EXIT_CODES.map(([code, text]) => `  ${`${code}`.padEnd(4)} ${text}`).join("\n")}`,
    );
  }
  for (const command of COMMANDS) {
    if (!(opened && command.standalone)) addCommand(program, command, surroundings, hooks);
  }
  return program;
}

function addCommand(program: Command, command: CliCommand, surroundings: Surroundings, { ended }: Hooks): void {
  const { opened } = surroundings;
  const hasPlace = !opened && command.standalone !== "no place";
  const parsed = program
    .command(command.name)
    .summary(command.summary)
    .description(
      [`${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`, command.details].join(" ").trim(),
    );
  if (hasPlace)
    parsed.argument(
      `<${command.place ?? "directory"}>`,
      "where the store is: a directory, or an address such as luge://127.0.0.1:4444",
    );
  command.define(parsed);
  parsed.option("--json", "print JSON: an object, or one a line where there are several");
  if (!opened) parsed.addHelpText("after", `\nExamples:${command.examples.replaceAll("\n", "\n  ")}`);
  parsed.action(async () => {
    const [place, ...rest] = hasPlace ? parsed.processedArgs : [opened?.path, ...parsed.processedArgs];
    const options = parsed.opts<{ json?: boolean }>();
    const session = new Session({
      ...surroundings,
      opened,
      json: options.json ?? false,
      directory: typeof place === "string" ? place : "",
      runWords: (words, on) => run(words, { ...surroundings, ...on }),
      commands: COMMANDS.filter(({ standalone }) => !standalone).map(({ name }) => name),
    });
    ended((await command.run(session, rest, options)) ?? ExitCode.done);
  });
}

/** The message of an error, with a remedy. */
function textMessage(error: unknown, signal: AbortSignal): string {
  const message = error instanceof Error ? error.message : String(error);
  if (signal.aborted)
    return error === signal.reason || isAbort(error) ? "luge: interrupted" : `luge: interrupted: ${message}`;
  if (exitCodeOf(error) === ExitCode.defect && error instanceof Error) return `luge: ${error.stack ?? message}`;
  if (!(error instanceof StoreError && error.code === "STORE_LOCKED")) return `luge: ${message}`;
  // The message suggests an option of `open`, which a program could use, but not a user of the command line.
  return `luge: ${message.replace(/; (?:close|use) the store .*$/, "")}; a store has one owner at a time`;
}

function jsonMessage(error: unknown, signal: AbortSignal): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = signal.aborted ? "INTERRUPTED" : codeOf(error);
  return JSON.stringify({ error: { code, message } });
}

/** Whether an error only says that the signal aborted. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "Interrupted");
}
