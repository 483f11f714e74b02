/**
 * Reads the lines of an interactive shell: Tab completes commands, Ctrl-C clears the line, and twice on an empty one ends.
 *
 * @module
 */

import { createInterface, type Interface } from "node:readline";

/** Where lines come from, and what is known of them. */
export interface LineEditorParts {
  readonly input: NodeJS.ReadableStream;
  /** Where a terminal is; without it lines are read as they come. */
  readonly output: NodeJS.WritableStream | undefined;
  /** The first words that Tab completes. */
  readonly commands: readonly string[];
  /** Ends what runs; says whether something did. */
  readonly stop: () => boolean;
}

/** Lines, edited where a terminal is. */
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
  // In a terminal readline takes Ctrl-C.
  lines.on("SIGINT", () => {
    if (stop()) return;
    if (lines.line === "" && isAskedTwice) {
      lines.close();
      return;
    }
    isAskedTwice = lines.line === "";
    output.write(isAskedTwice ? "\n(Ctrl-C again, Ctrl-D or exit ends)\n" : "\n");
    // All of it, wherever the cursor is.
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
    lines.prompt();
  });
  return lines;
}
