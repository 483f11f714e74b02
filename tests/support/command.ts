/**
 * The command line inside this process.
 *
 * @module
 */

import { Writable } from "node:stream";
import { Output } from "../../src/cli/output.ts";
import { run } from "../../src/cli/program.ts";

/** The end of a command line. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs words in this process, as the command does, but without process, signals and standard streams. */
export async function runHere(
  words: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Ended> {
  const pieces: Uint8Array[] = [];
  const errors: string[] = [];
  const stream = new Writable({
    write: (piece: Uint8Array, _, done) => {
      pieces.push(piece);
      done();
    },
  });
  const code = await run(() => words, { output: new Output(stream), tell: (message) => errors.push(message), signal });
  return { code, output: Buffer.concat(pieces).toString(), errors: errors.join("\n") };
}

/** As {@linkcode runHere}, with the exit code and all that was printed as one text. */
export async function spoken(...words: string[]): Promise<string> {
  const { code, output, errors } = await runHere(words);
  return `${code} ${`${output}${errors}`.trim()}`;
}
