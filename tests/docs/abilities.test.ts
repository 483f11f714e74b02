/**
 * The table of what each kind of store can do is the list of the tests.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { tableOfAbilities } from "../support/abilities.ts";
import { nodeTest } from "../support/node_only.ts";

nodeTest("the guide has the table of what each kind of store can do", () => {
  const page = readFileSync(`${ROOT}/docs/guide/32-operating-servers.md`, "utf8");
  const [, section = ""] = page.split("\n## What each kind of store can do\n");
  const [text = ""] = section.split("\n## ");
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  assert.equal(`${lines.join("\n")}\n`, tableOfAbilities(), `the table should be\n\n${tableOfAbilities()}`);
});
