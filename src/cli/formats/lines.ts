/**
 * Converts bytes to text and to lines. Refuses wrong UTF-8 instead of replacing it.
 *
 * @module
 */

import { UsageError } from "../exit_codes.ts";

/** The text of the bytes, in pieces. */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return piece ? decoder.decode(piece, { stream: true }) : decoder.decode();
    } catch {
      throw new UsageError("Wrong input: expected UTF-8");
    }
  };
  for await (const piece of bytes) yield decode(piece);
  yield decode();
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
