/**
 * Splits a line into words, as a shell does.
 *
 * @module
 */

import { UsageError } from "./exit_codes.ts";

// Each match is short work: an expression that repeats a group overflows the stack on a few MiB.
const PLAIN = /(?<space>\s+)|'(?<single>[^']*)'|(?<text>[^\s'"\\]+)|\\(?<escaped>.)|(?<quote>")|(?<wrong>.)/suy;
const QUOTED = /(?<text>[^"\\]+)|\\(?<escaped>.)|(?<quote>")|(?<wrong>.)/suy;

/** Splits a line at spaces, except spaces in quotes or after a backslash. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  for (let at = 0; at < line.length; ) {
    const { end, groups } = partAt(line, at, isQuoted ? QUOTED : PLAIN);
    at = end;
    if (groups.wrong !== undefined) throw unfinished(groups.wrong);
    if (groups.quote !== undefined) isQuoted = !isQuoted;
    if (groups.space === undefined) word = (word ?? "") + (groups.text ?? groups.escaped ?? groups.single ?? "");
    else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  if (isQuoted) throw unfinished('"');
  return word === undefined ? words : [...words, word];
}

interface Part {
  readonly end: number;
  readonly groups: { readonly [name: string]: string | undefined };
}

function partAt(line: string, at: number, part: RegExp): Part {
  part.lastIndex = at;
  const groups = part.exec(line)?.groups ?? {};
  return { end: part.lastIndex, groups };
}

function unfinished(wrong: string): UsageError {
  return new UsageError(`Wrong line: expected a second ${wrong === "\\" ? "character after \\" : wrong}`);
}
