/**
 * The options of a program: one reader for all of them, with `--help`.
 *
 * @module
 */

import { relative } from "node:path";
import process from "node:process";
import { Command, InvalidArgumentError, Option } from "commander";
import { isRuntime, ROOT, RUNTIMES, type Runtime } from "./runtimes.ts";

/** The exit code for a wrong call of a program. */
export const USAGE_EXIT_CODE = 2;

/** One option. `value` is the word for its argument; a flag has none. */
export interface Spec<T> {
  readonly value?: string;
  readonly help: string;
  readonly standard: T;
  /** The default value in `--help`, if the real one is not the same each time. */
  readonly shown?: string;
  /** Throws {@linkcode InvalidArgumentError} for a wrong value. */
  readonly read?: (text: string) => T;
  /** Whether the option is only for processes that the program starts. `--help` leaves it out. */
  readonly isHidden?: boolean;
}

/** The values of some options, by name. */
export type Values<S extends Record<string, Spec<unknown>>> = {
  readonly [Name in keyof S]: S[Name] extends Spec<infer T> ? T : never;
};

function numberSpec(help: string, standard: number, expected: string, isGood: (number: number) => boolean) {
  const read = (text: string): number => {
    const number = text.trim() === "" ? Number.NaN : Number(text);
    if (!isGood(number)) throw new InvalidArgumentError(`Expected ${expected}.`);
    return number;
  };
  return { value: "number", help, standard, read } satisfies Spec<number>;
}

/** A whole number of 1 or more. */
export function count(help: string, standard: number): Spec<number> {
  return numberSpec(help, standard, "a whole number above 0", (number) => Number.isSafeInteger(number) && number > 0);
}

/** A whole number of 0 or more. */
export function natural(help: string, standard: number): Spec<number> {
  return numberSpec(
    help,
    standard,
    "a whole number, 0 or above",
    (number) => Number.isSafeInteger(number) && number >= 0,
  );
}

/** A number above 0, which may have a fraction. */
export function amount(help: string, standard: number): Spec<number> {
  return numberSpec(help, standard, "a number above 0", (number) => Number.isFinite(number) && number > 0);
}

/** Any text. */
export function text(help: string, standard: string, value = "text"): Spec<string> {
  return { value, help, standard };
}

/** Any text, or none. */
export function maybe(help: string, value = "text"): Spec<string | undefined> {
  return { value, help, standard: undefined };
}

/** Some of `choices`, separated by commas; by default all of them. */
export function some<const T extends string>(help: string, choices: readonly T[]): Spec<readonly T[]> {
  const read = (list: string): readonly T[] =>
    list.split(",").map((each) => {
      const choice = choices.find((one) => one === each);
      if (choice === undefined) throw new InvalidArgumentError(`Expected some of ${choices.join(",")}.`);
      return choice;
    });
  return { value: "list", help, standard: choices, read };
}

/** Some of the runtimes, separated by commas; by default all of them. */
export function runtimes(): Spec<readonly Runtime[]> {
  return some("the runtimes to use", RUNTIMES.filter(isRuntime));
}

/** A flag, off by default. */
export function flag(help: string): Spec<boolean> {
  return { help, standard: false };
}

/** An option that only the program itself passes, to processes that it starts. */
export function hidden(): Spec<string | undefined> {
  return { value: "text", help: "", standard: undefined, isHidden: true };
}

/** The running program, for `--help`. */
let program: { readonly name: string; readonly does: string } | undefined;

/** Sets the name and description of the program. Must be called before its options are read. */
export function describeProgram(name: string, does: string): void {
  program = { name, does };
}

/** The command of this process, ready for options. Without a name it has the name of the file. */
export function newCommand(): Command {
  const name = program?.name ?? relative(ROOT, process.argv[1] ?? "");
  return new Command(name)
    .description(program?.does ?? "")
    .helpOption("-h, --help", "print this")
    .configureHelp({ commandUsage: (command) => `node ${command.name()} ${command.usage()}` })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_EXIT_CODE));
}

/**
 * Reads the options of this process. For `--help`, prints them and exits. For unknown options, wrong values and extra
 * words, prints the error and exits with {@linkcode USAGE_EXIT_CODE}.
 */
export function readOptions<S extends Record<string, Spec<unknown>>>(specs: S): Values<S> {
  return readCommand(specs, []).values;
}

/** As {@linkcode readOptions}, with arguments that are no options. Each of `names` is required. */
export function readCommand<S extends Record<string, Spec<unknown>>>(
  specs: S,
  names: readonly string[],
): { readonly values: Values<S>; readonly words: readonly string[] } {
  const command = newCommand();
  for (const name of names) command.argument(`<${name}>`);
  const options = Object.entries(specs).map(([name, { value, help, standard, shown, read, isHidden = false }]) => {
    const option = new Option(value === undefined ? `--${name}` : `--${name} <${value}>`, help).hideHelp(isHidden);
    const isSaid = standard !== undefined && standard !== "" && standard !== false;
    if (isSaid) option.default(standard, shown ?? String(standard));
    if (read) option.argParser(read);
    command.addOption(option);
    return { name, option, standard };
  });
  command.parse(process.argv.slice(2), { from: "user" });
  const values = options.map(({ name, option, standard }) => [
    name,
    command.getOptionValue(option.attributeName()) ?? standard,
  ]);
  return { values: Object.fromEntries(values) as Values<S>, words: command.args };
}
