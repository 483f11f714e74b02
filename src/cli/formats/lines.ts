/**
 * Converts bytes to text and to lines. Refuses wrong UTF-8 instead of replacing it.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { UsageError } from "../exit_codes.ts";

/** The text of the bytes, in pieces: all that comes before wrong UTF-8, too. The error names the wrong byte. */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let position = 0;
  /** The newest bytes. A piece may have only a few of them. */
  let newest: Uint8Array = new Uint8Array(0);
  for await (const piece of bytes) {
    const text = decoded(() => decoder.decode(piece, { stream: true }));
    if (text === undefined) {
      const begun = begunCharacter(newest);
      const rest = concat([begun, piece]);
      const right = rest.subarray(0, rightBytes(rest));
      const start = position - begun.length;
      yield new TextDecoder("utf-8", { ignoreBOM: start > 0 }).decode(right, { stream: true });
      throw new UsageError(`Wrong input at byte ${start + right.length + 1}: expected UTF-8`);
    }
    yield text;
    position += piece.length;
    newest = piece.length < 3 ? concat([newest.subarray(-3), piece]) : piece;
  }
  const end = decoded(() => decoder.decode());
  if (end === undefined) throw new UsageError(`Wrong input after byte ${position}: expected UTF-8, got its end`);
  yield end;
}

/** What `decode` returns; `undefined` for wrong UTF-8. */
function decoded(decode: () => string): string | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** The bytes of a character that has no end yet, after right UTF-8. */
function begunCharacter(newest: Uint8Array): Uint8Array {
  const end = newest.subarray(-3);
  const begin = end.findLastIndex((byte) => byte >= 0xc0);
  const character = begin < 0 ? end.subarray(end.length) : end.subarray(begin);
  const isWhole = decoded(() => new TextDecoder("utf-8", { fatal: true }).decode(character)) !== undefined;
  return isWhole ? character.subarray(character.length) : character;
}

/** How many bytes come before the first that is wrong. */
function rightBytes(bytes: Uint8Array): number {
  let [right, wrong] = [0, bytes.length];
  while (wrong - right > 1) {
    const middle = (right + wrong) >>> 1;
    const start = bytes.subarray(0, middle);
    const text = decoded(() => new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true }));
    if (text === undefined) wrong = middle;
    else right = middle;
  }
  return right;
}

/** The longest line, in UTF-16 code units: a value of 64 MiB in hex, and its key. */
const MAX_LINE = 132 * 1024 * 1024;

/** The lines of the bytes, without line ends. */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  // A line may be long, so its pieces are joined only once.
  let pieces: string[] = [];
  let [number, length] = [1, 0];
  for await (const text of decodeText(bytes)) {
    const lines = text.split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      yield [...pieces, line].join("");
      [pieces, length] = [[], 0];
      number += 1;
    }
    pieces.push(last);
    length += last.length;
    if (length > MAX_LINE) throw new UsageError(`Line ${number}: expected at most ${MAX_LINE} characters`);
  }
  const rest = pieces.join("");
  if (rest !== "") yield rest;
}
