/**
 * A directory of backups, for the studio.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { AsyncStore } from "../../mod.ts";
import type { Backups, WireBackup } from "../studio/mod.ts";
import { headerOf, withFileShown } from "./backups.ts";
import { UsageError } from "./exit_codes.ts";
import { writeWhole } from "./files.ts";
import type { Session } from "./session.ts";

/** The most files that are looked at. */
const MOST_FILES = 1000;

/** The backups in a directory, of a store. */
export function backupsIn(directory: string, store: AsyncStore, session: Session): Backups {
  const list = async (signal: AbortSignal): Promise<WireBackup[]> => {
    const found: WireBackup[] = [];
    const entries = await readdir(directory, { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isFile()).slice(0, MOST_FILES)) {
      signal.throwIfAborted();
      found.push(await backupAt(join(directory, name), name, session));
    }
    return found.sort((a, b) => (a.to ?? 0) - (b.to ?? 0) || (a.from ?? 0) - (b.from ?? 0));
  };
  return {
    directory,
    list,
    make: async (since, signal) => {
      await store.has("\0");
      const to = store.version;
      const name = since === undefined ? `full-${to}.backup` : `from-${since}-to-${to}.backup`;
      const stream = store.backup({ ...(since !== undefined && { since }), signal });
      await writeWhole(join(directory, name), { output: session.output, force: false }, async (write) => {
        for await (const piece of stream) await write(piece);
      });
      return name;
    },
    restore: async (to, name, signal) => {
      const chain = chainTo(await list(signal), to);
      const target = join(directory, name);
      if (existsSync(target)) throw new UsageError(`Wrong directory '${name}': expected a new one, and it exists`);
      await session.at(target).withStore("create", async (restored) => {
        for (const { file } of chain) {
          await withFileShown("restore", join(directory, file), session, (stream) =>
            restored.restore(stream, { signal }),
          );
        }
      });
      return target;
    },
  };
}

async function backupAt(path: string, file: string, session: Session): Promise<WireBackup> {
  const { size } = await stat(path);
  try {
    const { from, to, isIncrement, created } = await headerOf(path, session);
    return { file, size, from, to, isIncrement, created };
  } catch (error) {
    return { file, size, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The backups that lead to a version: a full one, and increments that continue each other. */
function chainTo(all: readonly WireBackup[], to: number): WireBackup[] {
  const chain: WireBackup[] = [];
  for (let wanted: number = to; ; ) {
    const ending = all.filter((backup) => backup.to === wanted && !backup.problem);
    const found = ending.find(({ isIncrement }) => !isIncrement) ?? ending[0];
    if (!found) throw new UsageError(`Wrong version ${wanted}: expected the version of a backup, or of one before it`);
    chain.unshift(found);
    if (!found.isIncrement) return chain;
    wanted = found.from ?? 0;
  }
}
