/**
 * The interface of Deno KV on luge. On Deno the same cases run on Deno's own database, too: this shows that they are
 * right.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open } from "../../mod.ts";
import { type Kv, KvU64, openKv } from "../../src/adapters/kv/mod.ts";
import { RUNTIME } from "../support/runtime.ts";
import { atomicCases } from "./cases/atomic.ts";
import { closingCases } from "./cases/closing.ts";
import { entryCases } from "./cases/entries.ts";
import { keyCases } from "./cases/keys.ts";
import { listCases } from "./cases/lists.ts";
import { queueCases } from "./cases/queues.ts";
import { watchCases } from "./cases/watches.ts";
import type { Subject } from "./subject.ts";

const SUBJECTS: Record<string, Subject> = {
  "in memory": { open: () => openKv(":memory:"), U64: KvU64 },
  "on a disk": { open: () => openKv({ path: "/kv", fileSystem: new MemoryFileSystem() }), U64: KvU64 },
  "in a part of a store": {
    open: async () => openKv((await open({ path: "/kv", fileSystem: new MemoryFileSystem() })).view({ prefix: "p/" })),
    U64: KvU64,
  },
};

if (RUNTIME === "deno") {
  const { Deno } = globalThis as unknown as { Deno: { openKv: (path: string) => Promise<Kv>; KvU64: typeof KvU64 } };
  SUBJECTS["of Deno"] = { open: () => Deno.openKv(":memory:"), U64: Deno.KvU64 };
}

const CASES = {
  ...entryCases,
  ...keyCases,
  ...atomicCases,
  ...listCases,
  ...watchCases,
  ...queueCases,
  ...closingCases,
};

for (const [name, subject] of Object.entries(SUBJECTS)) {
  describe(`a database ${name}`, () => {
    for (const [title, run] of Object.entries(CASES)) {
      test(title, async () => {
        const kv = await subject.open();
        try {
          await run(kv, subject);
        } finally {
          kv[Symbol.dispose]();
        }
      });
    }
  });
}

test("the cases have different names", () => {
  const all = [entryCases, keyCases, atomicCases, listCases, watchCases, queueCases, closingCases];
  assert.equal(Object.keys(CASES).length, all.flatMap((each) => Object.keys(each)).length);
});
