/**
 * Reads the lines of an interactive shell. Tab completes commands. Ctrl-C clears the line; twice on an empty line it
 * exits.
 *
 * @module
 */

import { createInterface, type Interface } from "node:readline";

/** The input and output of the shell. */
export interface LineEditorParts {
  readonly input: NodeJS.ReadableStream;
  /** The output if it is a terminal; without one, lines are read without editing. */
  readonly output: NodeJS.WritableStream | undefined;
  /** The commands that Tab completes. */
  readonly commands: readonly string[];
  /** Ends the running command. Returns whether there was one. */
  readonly stop: () => boolean;
}

/** The lines of the input, with editing on a terminal. */
export function editLines({ input, output, commands, stop }: LineEditorParts): Interface {
  const completer = (line: string): [string[], string] => {
    const word = line.trimStart();
    return [commands.filter((name) => name.startsWith(word)).map((name) => `${name} `), word];
  };
  const lines = createInterface(output ? { input, output, terminal: true, completer } : { input, terminal: false });
  lines.setPrompt("luge> ");
  if (!output) return lines;
  let isAskedTwice = false;
  lines.on("line", () => {
    isAskedTwice = false;
  });
  // In a terminal readline handles Ctrl-C.
  lines.on("SIGINT", () => {
    if (stop()) return;
    if (lines.line === "" && isAskedTwice) {
      lines.close();
      return;
    }
    isAskedTwice = lines.line === "";
    output.write(isAskedTwice ? "\n(Ctrl-C again, Ctrl-D or exit ends)\n" : "\n");
    // Clears the whole line, wherever the cursor is.
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
    lines.prompt();
  });
  return lines;
}
