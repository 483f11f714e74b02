/**
 * The words of a line, as a shell has them.
 *
 * @module
 */

import { UsageError } from "./exit_codes.ts";

const PART = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(.)/gsu;

/** Splits a line at spaces, but for those in quotes or behind a backslash. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [part, single, double, escaped, plain, wrong] of line.matchAll(PART)) {
    if (wrong !== undefined)
      throw new UsageError(`Wrong line: expected a second ${wrong === "\\" ? "character behind \\" : wrong}`);
    const text = single ?? double?.replace(/\\(.)/gsu, "$1") ?? escaped ?? plain;
    if (text !== undefined) word = (word ?? "") + text;
    else if (part.trim() === "" && word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}
