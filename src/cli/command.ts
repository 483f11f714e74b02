/**
 * The shape of a command of the command line.
 *
 * @module
 */

import type { Command } from "commander";
import type { ExitCode } from "./exit_codes.ts";
import type { Session } from "./session.ts";

/**
 * A command. In the help its first argument is a store's directory. In the interactive shell it has no such argument.
 */
export interface CliCommand {
  readonly name: string;
  /** The summary in one line. */
  readonly summary: string;
  /** More text below the summary. */
  readonly details?: string;
  /** Lines of a shell: `$ ` and a command, and below it its output, with `…` for what differs between runs. */
  readonly examples: string;
  /** The name of its first argument. Default: `directory`. */
  readonly place?: string;
  /** Whether the command has no first argument, or makes no sense in the interactive shell. */
  readonly standalone?: "no place" | "place";
  /** Declares the arguments and options. */
  readonly define: (command: Command) => void;
  /** Runs the command. Without a result the exit code is 0. */
  readonly run: (session: Session, args: readonly unknown[], options: object) => Promise<ExitCode | undefined>;
}

/** A command with types for the arguments and options that `define` declares. */
export interface TypedCommand<Args extends readonly unknown[], Options extends object> extends Omit<CliCommand, "run"> {
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands return nothing
  readonly run: (session: Session, args: Args, options: Options) => Promise<ExitCode | void>;
}

/** Removes the types for the list of all commands: commander cannot know the types of what it parsed. */
export function command<Args extends readonly unknown[], Options extends object>(
  typed: TypedCommand<Args, Options>,
): CliCommand {
  return {
    ...typed,
    run: async (session, args, options) => (await typed.run(session, args as Args, options as Options)) ?? undefined,
  };
}
