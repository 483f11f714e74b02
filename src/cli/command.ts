/**
 * What a command of the command line is.
 *
 * @module
 */

import type { Command } from "commander";
import type { ExitCode } from "./exit_codes.ts";
import type { Session } from "./session.ts";

/** A command. In the help it has the directory of a store as its first argument, in the interactive shell it has not. */
export interface CliCommand {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** More, below the summary. */
  readonly details?: string;
  /** Lines of a shell: `$ ` and a command, and below it what it prints, with `…` for what differs. */
  readonly examples: string;
  /** What its first argument is called. Default: `directory`. */
  readonly place?: string;
  /** Whether it has no place at all, or makes no sense for a store that is open already. */
  readonly standalone?: "no place" | "place";
  /** Declares its arguments and options. */
  readonly define: (command: Command) => void;
  /** Runs it; without a result it ends with 0. */
  readonly run: (session: Session, args: readonly unknown[], options: object) => Promise<ExitCode | undefined>;
}

/** A command whose arguments and options have types: those that `define` declares. */
export interface TypedCommand<Args extends readonly unknown[], Options extends object> extends Omit<CliCommand, "run"> {
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands return nothing
  readonly run: (session: Session, args: Args, options: Options) => Promise<ExitCode | void>;
}

/** A command, for the list of all: commander cannot know the types of what it parsed. */
export function command<Args extends readonly unknown[], Options extends object>(
  typed: TypedCommand<Args, Options>,
): CliCommand {
  return {
    ...typed,
    run: async (session, args, options) => (await typed.run(session, args as Args, options as Options)) ?? undefined,
  };
}
