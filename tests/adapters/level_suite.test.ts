/**
 * The suite of abstract-level, which every database of Level passes. `scripts/integrations.ts --adapters` runs it on
 * the disk, too.
 */

import { createRequire } from "node:module";
import { after, test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { Tape, type TapeTest } from "../../scripts/lib/tape.ts";
import { LugeLevel, type LugeLevelOptions } from "../../src/adapters/level/mod.ts";

type Options = LugeLevelOptions<string, string>;
type AddTest = (name: string, run: TapeTest) => void;

interface SuiteOptions {
  readonly test: AddTest;
  readonly factory: (options?: Options) => LugeLevel;
}

type Part = (test: AddTest, common: unknown) => void;

const require = createRequire(import.meta.url);
const suite = require("abstract-level/test") as {
  (options: SuiteOptions): void;
  common(options: SuiteOptions): unknown;
};

/** Some tests leave a database open. */
const opened: LugeLevel[] = [];
after(async () => {
  for (const db of opened) await db.close().catch(() => {});
});

function optionsOf(what: string, create: (options: Options | undefined) => LugeLevel): SuiteOptions {
  return {
    test: (name, run) => void test(`${what}: ${name}`, () => new Tape().run(run)),
    factory(options) {
      const db = create(options);
      opened.push(db);
      return db;
    },
  };
}

// Databases that are parts of one store: to open a store for each of the 700 tests would take 10 ms each.
const store = await open({ path: "level", fileSystem: new MemoryFileSystem(), syncWrites: false });
let parts = 0;
suite(
  optionsOf("a part of a store", (options) => {
    parts += 1;
    return new LugeLevel(store.view({ prefix: `${parts}/` }), options);
  }),
);

// What opens and closes, on stores of their own.
const ownStores = optionsOf("a store", (options) => {
  const small = { cacheSize: 2 ** 20, writeBufferSize: 2 ** 18 };
  return new LugeLevel({ path: "level", fileSystem: new MemoryFileSystem(), ...small }, options);
});
const common = suite.common(ownStores);
for (const name of ["factory", "manifest"]) {
  (require(`abstract-level/test/${name}-test`) as Part)(ownStores.test, common);
}
for (const name of ["open", "open-create-if-missing", "open-error-if-exists", "deferred-open", "clear"]) {
  (require(`abstract-level/test/${name}-test`) as { all: Part }).all(ownStores.test, common);
}
