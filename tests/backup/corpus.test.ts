/**
 * Replays the corpus of the fuzz target of backups. `node scripts/campaign.ts fuzz` makes its backups from these files.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KINDS } from "../../scripts/campaigns/backups/contents.ts";
import { mutationOf } from "../../scripts/campaigns/fuzz/mutations.ts";
import { outcomeOf } from "../../scripts/campaigns/fuzz/outcome.ts";
import { corpusFile, corpusNames, starts } from "../../scripts/campaigns/fuzz/starts.ts";
import { putTogether, takeApart } from "../../scripts/lib/backup_anatomy.ts";
import { Random } from "../../scripts/lib/random.ts";

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
