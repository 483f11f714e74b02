/**
 * Reads files, and shows how far.
 *
 * @module
 */

import { readBytes, sizeOf } from "./files.ts";
import type { Session } from "./session.ts";

/** The bytes of a file, or of standard input for `-`. Shows the progress under a name. */
export async function* readShown(
  session: Session,
  { file, name }: { readonly file: string; readonly name: string },
): AsyncGenerator<Uint8Array, void> {
  const size = await sizeOf(file);
  const progress = session.progress(name, "bytes");
  let done = 0;
  try {
    for await (const piece of readBytes(file, session.signal) as AsyncIterable<Uint8Array>) {
      yield piece;
      done += piece.length;
      progress.update(done, size);
    }
  } finally {
    progress.stop();
  }
}
