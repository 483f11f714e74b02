/**
 * The corpus of the fuzz target of backups, replayed: `scripts/fuzz/backup.ts` makes its backups from these files.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Random } from "../engine/random.ts";
import { putTogether, takeApart } from "./anatomy.ts";
import { mutationOf } from "./mutations.ts";
import { outcomeOf } from "./outcome.ts";
import { corpusFile, corpusNames, starts } from "./starts.ts";
import { KINDS } from "./support.ts";

describe("backups of the corpus", () => {
  for (const name of corpusNames()) {
    test(`'${name}' becomes what its name says, in either kind of store`, async () => {
      assert.equal(await outcomeOf(corpusFile(name)), name.startsWith("refused-") ? "refused" : "restored");
    });
  }

  test("are taken apart and put together to the same bytes", async () => {
    for (const name of corpusNames().filter((name) => !name.startsWith("refused-"))) {
      assert.deepEqual(await putTogether(takeApart(corpusFile(name))), corpusFile(name));
    }
  });

  test("are restored or refused after any change of what they say", async () => {
    const random = new Random(1);
    const outcomes = new Set<string>();
    for (const start of starts()) {
      for (let i = 0; i < 10; i++) {
        const bytes = await putTogether(mutationOf(start, random));
        outcomes.add(await outcomeOf(bytes, KINDS.slice(0, 1)));
      }
    }
    assert.deepEqual([...outcomes].sort(), ["refused", "restored"]);
  });
});
