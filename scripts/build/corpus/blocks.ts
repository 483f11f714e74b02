/**
 * Inputs of the fuzz target `block`.
 *
 * @module
 */

import { joined } from "../../lib/backup_anatomy.ts";
import { golden, recordsOf } from "./golden.ts";

/** The blocks in a file of a table. A payload has level, length of the separator in one byte, separator, block. */
function blocksOf(...path: string[]): Uint8Array[] {
  return recordsOf(golden(...path)).map(({ payload }) => payload.subarray(2 + (payload[1] ?? 0)));
}

/** The inputs by name. */
export function blocks(): Record<string, Uint8Array> {
  const made = (entries: (string | number[])[], landmarks: number[] = [0, 0, 0, 0]) =>
    joined(
      ...[...entries, landmarks].map((part) => (typeof part === "string" ? Buffer.from(part) : Uint8Array.from(part))),
    );
  const [first, , , , last] = blocksOf("table", "store", "bottom", "0000000001.luge");
  const [versions] = blocksOf("versions", "store", "bottom", "0000000001.luge");
  const [upper] = blocksOf("table", "store", "upper", "0000000001.luge");
  const [upperVersions] = blocksOf("versions", "store", "upper", "0000000001.luge");
  if (!first || !last || !versions || !upper || !upperVersions) throw new Error("A golden store has no such block");
  return {
    "table-first": first,
    "table-last": last,
    "table-upper": upper,
    versions,
    "versions-upper": upperVersions,
    "made-empty": made([[2, 0]]),
    "made-kinds": made([
      [2, 5],
      [0, 1, 1, 3, 1],
      "av",
      [1, 0, 0, 2],
      [1, 1, 2, 0, 0x80, 1, 9],
      "b",
      [0, 1, 0x81, 0, 9, 1],
      "cw",
    ]),
    "made-packed": made([[2, 5], [0, 1, 3, 0, 0x80, 1, 9], "a", [0, 1, 0x83, 0, 9, 0x80, 1, 9], "b"]),
    // 40 bytes a, as the target reads packed bytes.
    "made-compressed": made([[40, 0x1f], "a", [1, 0, 15, 0x50], "aaaaa"], []),
    "made-bomb": made([[0x80, 0x80, 0x80, 0x80, 8, 0x1f], "a", [1, 0, 255, 255, 255]], []),
    "made-empty-key": made([[2, 0], [0, 0, 0, 1], [0, 1, 0, 1], "a"]),
    "made-unordered": made([[2, 0], [0, 1, 0, 1], "b", [0, 1, 0, 1], "a"]),
    "made-landmark-outside": made([[2, 0], [0, 1, 0, 1], "b"], [99, 0, 0, 0, 1, 0, 0, 0]),
    "made-version-overflow": made([[2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], [0, 1, 0, 1], "b"]),
    "made-shares-too-much": made([[2, 0], [0, 1, 0, 1], "b", [2, 0, 0, 0]]),
  };
}
