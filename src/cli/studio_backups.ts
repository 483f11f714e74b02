/**
 * A directory of backups, for the studio.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
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
      if (existsSync(join(directory, name))) {
        throw new UsageError(`Nothing to back up: '${name}' is there, and nothing was written since`);
      }
      const stream = store.backup({ ...(since !== undefined && { since }), signal });
      await writeWhole(join(directory, name), { output: session.output, force: false }, async (write) => {
        for await (const piece of stream) await write(piece);
      });
      return name;
    },
    restore: async (to, name, signal) => {
      const chain = chainTo(await list(signal), to);
      const target = join(directory, name);
      await makeNew(target, name);
      try {
        await session.at(target).withStore("create", async (restored) => {
          for (const { file } of chain) {
            await withFileShown("restore", join(directory, file), session, (stream) =>
              restored.restore(stream, { signal }),
            );
          }
        });
      } catch (error) {
        // A store without all of it looks like one that was restored.
        await rm(target, { recursive: true, force: true });
        throw error;
      }
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

/** Makes a directory that nobody else has made. */
async function makeNew(path: string, name: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    throw new UsageError(`Wrong directory '${name}': expected a new one, and it exists`);
  }
}

/**
 * The backups that lead to a version: a full one, and increments that continue each other. `all` are in the order of the
 * versions at their ends. Each increment must end after its begin: otherwise it would continue itself.
 */
export function chainTo(all: readonly WireBackup[], to: number): WireBackup[] {
  /** By version: the last backup of a chain that leads there. */
  const last = new Map<number, WireBackup>();
  for (const backup of all) {
    if (backup.problem || backup.to === undefined) continue;
    const { from = 0, to: end, isIncrement } = backup;
    if (!isIncrement || (from < end && last.has(from) && !last.has(end))) last.set(end, backup);
  }
  const chain: WireBackup[] = [];
  for (let found = last.get(to); found; found = found.isIncrement ? last.get(found.from ?? 0) : undefined) {
    chain.unshift(found);
  }
  if (chain.length === 0) throw new UsageError(`Wrong version ${to}: expected one to which a chain of backups leads`);
  return chain;
}
