/**
 * Programs with several commands, such as `node scripts/campaign.ts crash --runs 20`.
 *
 * @module
 */

import process from "node:process";
import { describeProgram, newCommand, USAGE_EXIT_CODE } from "./options.ts";

/** One command. It is a module that runs when it is imported, and reads its own options. */
export interface Part {
  /** The description, for the list of commands and for the command's own help. */
  readonly does: string;
  readonly start: () => Promise<unknown>;
}

/** The parts of a program. */
export interface Program {
  /** The path of the file, as users call it. */
  readonly name: string;
  readonly does: string;
  readonly parts: Readonly<Record<string, Part>>;
  /** The default command. */
  readonly standard?: string;
}

/** Runs the command that the first word names, with the remaining words. */
export async function startProgram({ name, does, parts, standard }: Program): Promise<void> {
  const [first] = process.argv.slice(2);
  const isNamed = first !== undefined && !first.startsWith("-");
  const chosen = isNamed ? first : standard;
  const isHelp = first === "-h" || first === "--help";
  const part = chosen !== undefined && Object.hasOwn(parts, chosen) ? parts[chosen] : undefined;
  if (isHelp || !part) {
    describeProgram(name, does);
    const help = newCommand()
      .usage(standard === undefined ? "COMMAND [options]" : "[COMMAND] [options]")
      .helpCommand(false);
    for (const [each, { does: what }] of Object.entries(parts)) {
      help.command(each).description(each === standard ? `${what} (default)` : what);
    }
    if (isHelp) help.outputHelp();
    else if (first === undefined) help.outputHelp({ error: true });
    else console.error(`Unknown command '${first}': expected one of ${Object.keys(parts).join(", ")}`);
    if (!isHelp) process.exitCode = USAGE_EXIT_CODE;
    return;
  }
  if (isNamed) process.argv.splice(2, 1);
  describeProgram(`${name} ${chosen}`, part.does);
  await part.start();
}
