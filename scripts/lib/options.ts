/**
 * The options of a program: one reader for all of them, with `--help`.
 *
 * @module
 */

import { relative } from "node:path";
import process from "node:process";
import { Command, InvalidArgumentError, Option } from "commander";
import { isRuntime, ROOT, RUNTIMES, type Runtime } from "./runtimes.ts";

/** The exit code of a program that was called in a wrong way. */
export const USAGE_EXIT_CODE = 2;

/** One option. `value` is the word for what follows it; a flag has none. */
export interface Spec<T> {
  readonly value?: string;
  readonly help: string;
  readonly standard: T;
  /** What `--help` calls the standard, where it is not the same each time. */
  readonly shown?: string;
  /** Throws {@linkcode InvalidArgumentError} for what is none. */
  readonly read?: (text: string) => T;
  /** Whether it is for the processes that the program starts, and `--help` leaves it out. */
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

/** A whole number from 1 on. */
export function count(help: string, standard: number): Spec<number> {
  return numberSpec(help, standard, "a whole number above 0", (number) => Number.isSafeInteger(number) && number > 0);
}

/** A whole number from 0 on. */
export function natural(help: string, standard: number): Spec<number> {
  return numberSpec(
    help,
    standard,
    "a whole number, 0 or above",
    (number) => Number.isSafeInteger(number) && number >= 0,
  );
}

/** A number above 0, whole or not. */
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

/** Some of `choices`, with commas between them; all unless said. */
export function some<const T extends string>(help: string, choices: readonly T[]): Spec<readonly T[]> {
  const read = (list: string): readonly T[] =>
    list.split(",").map((each) => {
      const choice = choices.find((one) => one === each);
      if (choice === undefined) throw new InvalidArgumentError(`Expected some of ${choices.join(",")}.`);
      return choice;
    });
  return { value: "list", help, standard: choices, read };
}

/** Some of the runtimes, with commas between them; all unless said. */
export function runtimes(): Spec<readonly Runtime[]> {
  return some("the runtimes to use", RUNTIMES.filter(isRuntime));
}

/** A flag, off unless given. */
export function flag(help: string): Spec<boolean> {
  return { help, standard: false };
}

/** An option that only the program itself passes, to the processes that it starts. */
export function hidden(): Spec<string | undefined> {
  return { value: "text", help: "", standard: undefined, isHidden: true };
}

/** What runs, for `--help`. */
let program: { readonly name: string; readonly does: string } | undefined;

/** Says what runs, before its options are read. */
export function describeProgram(name: string, does: string): void {
  program = { name, does };
}

/** The command of this process, made ready for options: without a name it is that of the file. */
export function newCommand(): Command {
  const name = program?.name ?? relative(ROOT, process.argv[1] ?? "");
  return new Command(name)
    .description(program?.does ?? "")
    .helpOption("-h, --help", "print this")
    .configureHelp({ commandUsage: (command) => `node ${command.name()} ${command.usage()}` })
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_EXIT_CODE));
}

/**
 * Reads the options of this process. Prints them and exits for `--help`; prints what is wrong, and exits with
 * {@linkcode USAGE_EXIT_CODE}, for options that are not here, values that are none, and words that nobody asked for.
 */
export function readOptions<S extends Record<string, Spec<unknown>>>(specs: S): Values<S> {
  return readCommand(specs, []).values;
}

/** As {@linkcode readOptions}, with words that are no options: each of `names` has to be there. */
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
