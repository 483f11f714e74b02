/**
 * The backups that get changed: the corpus, and backups that are too large for a corpus file.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EntryKind, FrameKind, LARGEST_INLINE_BYTES, PIECE_BYTES } from "../../../src/backup/format.ts";
import { type Anatomy, counted, payloadOf, takeApart } from "../../lib/backup_anatomy.ts";
import { ROOT } from "../../lib/runtimes.ts";

/** The folder of the corpus. */
export const CORPUS: string = join(ROOT, "tests", "backup", "corpus");

/** The names of its files. Files that begin with "refused-" are invalid backups. */
export function corpusNames(): string[] {
  return readdirSync(CORPUS).sort();
}

/** The bytes of one file. */
export function corpusFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(CORPUS, name)));
}

/** All valid backups, taken apart. */
export function starts(): Anatomy[] {
  const sound = corpusNames().filter((name) => !name.startsWith("refused-"));
  return [...sound.map((name) => takeApart(corpusFile(name))), inPieces()];
}

/** A value in one piece and another one in two pieces, between small values. */
function inPieces(): Anatomy {
  const entry = (name: string, kind: number, length: number, version: number) => {
    return { kind, key: Buffer.from(name), version, expiresMs: 0, length, value: new Uint8Array(length) };
  };
  const entries = (...those: ReturnType<typeof entry>[]) => ({ kind: FrameKind.Entries, payload: payloadOf(those) });
  const piece = (length: number) => ({ kind: FrameKind.Piece, payload: new Uint8Array(length).fill(7) });
  const [one, two] = [LARGEST_INLINE_BYTES + 1, PIECE_BYTES + 1];
  return counted({
    fields: [0, 0, 9, 0, 1],
    frames: [
      entries(entry("a", EntryKind.Value, 3, 1), entry("b", EntryKind.InPieces, one, 2)),
      piece(one),
      entries(entry("c", EntryKind.InPieces, two, 3)),
      piece(PIECE_BYTES),
      piece(1),
      entries(entry("d", EntryKind.Deleted, 0, 4)),
    ],
  });
}
