/**
 * Opens directories and backups that older releases wrote. Now and later, they must be read exactly as they were
 * written. `node scripts/build.ts golden` wrote them. CONTRIBUTING.md says what a change of a format requires.
 */

import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { MemoryStore, open, type SledStore, type Store } from "../../mod.ts";
import { type Content, contentOf } from "../../scripts/build/golden_content.ts";
import { COMPRESSED_FORMAT_VERSION, FORMAT_VERSION } from "../../src/store_marker.ts";
import { withDirectory } from "../support/temporary.ts";

const HERE = import.meta.dirname;
const FORMATS = readdirSync(HERE).filter((name) => name.startsWith("format-"));
const LAST_HEARTBEAT = new Date("2026-01-01");
const foldersOf = (format: string) => readdirSync(join(HERE, format)).filter((name) => name !== "backups");

function expected(...path: string[]): Content {
  return JSON.parse(readFileSync(join(HERE, ...path), "utf8")) as Content;
}

/** The keys whose versions were recorded, as text. */
function askedOf({ versions }: Content): string[] {
  return Object.keys(versions).map((hex) => Buffer.from(hex, "hex").toString());
}

/** A copy as old as its owner's last heartbeat: on another machine than the owner's, nothing else says that it is dead. */
function copyStore(format: string, name: string, path: string): void {
  cpSync(join(HERE, format, name, "store"), path, { recursive: true });
  const locks = readdirSync(path).filter((file) => file.startsWith("LOCK."));
  for (const lock of locks) utimesSync(join(path, lock), LAST_HEARTBEAT, LAST_HEARTBEAT);
}

async function assertContent(store: Store, content: Content): Promise<void> {
  assert.deepEqual(await contentOf(store, askedOf(content)), content);
}

/** Checks that the store can be written, and that a store which keeps versions loses none to `compact`. */
async function assertWritable(store: SledStore, path: string, content: Content): Promise<void> {
  assert.deepEqual((await store.verify()).damages, []);
  await store.compact();
  await store.put("\u{10ffff}/new", "written by this release");
  await store.close();
  await using again = await open(path);
  const { entries } = await contentOf(again, []);
  const hex = Buffer.from("\u{10ffff}/new").toString("hex");
  const others = entries.filter(([key]) => key !== hex);
  assert.deepEqual(others, content.entries);
  assert.equal(entries.length, others.length + 1);
}

for (const format of FORMATS) {
  for (const name of foldersOf(format)) {
    test(`${format}: '${name}' has its original content, opened for reading and for writing`, () =>
      withDirectory(async (directory) => {
        const content = expected(format, name, "content.json");
        const path = join(directory, "store");
        copyStore(format, name, path);
        {
          await using store = await open({ path, readOnly: true });
          await assertContent(store, content);
        }
        const store = await open(path);
        await assertContent(store, content);
        await assertWritable(store, path, content);
      }));
  }

  test(`${format}: the backups restore their original content, on disk and in memory`, () =>
    withDirectory(async (directory) => {
      const read = (name: string) => new Blob([readFileSync(join(HERE, format, "backups", `${name}.backup`))]).stream();
      await using disk = await open({ path: join(directory, "store"), numVersionsToKeep: 100 });
      for (const store of [disk, new MemoryStore()]) {
        for (const name of ["full", "increment"]) {
          await store.restore(read(name));
          await assertContent(store, expected(format, "backups", `${name}.json`));
        }
      }
    }));
}

test("there are golden stores of the formats that this release writes", () => {
  assert.deepEqual(
    [FORMAT_VERSION, COMPRESSED_FORMAT_VERSION].filter((version) => !FORMATS.includes(`format-${version}`)),
    [],
  );
});
