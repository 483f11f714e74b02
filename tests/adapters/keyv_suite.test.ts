/**
 * The suite of keyv, with keyv 5, for which it is written, and with keyv 6.
 */

import { after } from "node:test";
import * as suite from "@keyv/test-suite";
import Keyv from "keyv";
import Keyv5 from "keyv-5";
import { MemoryFileSystem, MemoryStore, open, type Store } from "../../mod.ts";
import { KeyvLuge } from "../../src/adapters/keyv/mod.ts";
import { vitestFor } from "./vitest.ts";

type Group = (test: object, keyv: unknown, store: () => unknown) => void;

const GROUPS = [suite.keyvApiTests, suite.keyvValueTests, suite.keyvNamespaceTest, suite.keyvIteratorTests];

/** What keyv 6 does otherwise than keyv 5, with every adapter. */
const OTHERWISE_IN_6 = {
  ".deleteMany([keys]) with nonexistent keys resolves to false":
    "keyv 6 answers with an array, one boolean for each key",
};

function runSuite(what: string, keyv: unknown, store: Store, skipped: Readonly<Record<string, string>> = {}): void {
  for (const group of GROUPS) (group as unknown as Group)(vitestFor(what, skipped), keyv, () => new KeyvLuge(store));
}

const disk = await open({ path: "keyv", fileSystem: new MemoryFileSystem(), syncWrites: false });
after(() => disk.close());

runSuite("keyv 5", Keyv5, disk.view({ prefix: "five/" }));
runSuite("keyv 6", Keyv, disk.view({ prefix: "six/" }), OTHERWISE_IN_6);
runSuite("keyv 5 in memory", Keyv5, new MemoryStore());
