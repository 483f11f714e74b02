/**
 * Replies that consist of lines of text.
 *
 * @module
 */

import type { Damage } from "../api/maintenance.ts";
import { fromHex } from "../bytes.ts";

/** Reads a line `name value` for each figure. */
export function figuresOf(text: string): Map<string, number> {
  const lines = text.trimEnd().split("\n");
  return new Map(lines.map((line) => line.split(" ")).map(([name = "", value]) => [name, Number(value)]));
}

/** Reads a line for each damage. */
export function damagesOf(text: string): Damage[] {
  return text.split("\n").slice(0, -1).map(damageOf);
}

function damageOf(line: string): Damage {
  const [file = "", offset, from = "", to = "-", message = ""] = line.split("\t");
  return { file, offset: Number(offset), from: fromHex(from), to: to === "-" ? undefined : fromHex(to), message };
}
