/**
 * `luge import` of the published command: it finds the packages and modules that are no part of it.
 */

import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ClassicLevel } from "classic-level";
import { ROOT } from "../../../scripts/lib/runtimes.ts";
import { endOf, publishedCommand } from "../../support/luge.ts";
import { withDirectory } from "../../support/temporary.ts";

describe("the published command", () => {
  const luge = publishedCommand();

  test("names the command that installs classic-level, and takes that of the directory where it runs", () =>
    withDirectory(async (cwd) => {
      const level = new ClassicLevel(join(cwd, "level"));
      await level.put("key", "value");
      await level.close();
      // Bun would install what is missing, outside of a project that is installed.
      writeFileSync(join(cwd, "bunfig.toml"), '[install]\nauto = "disable"\n');
      const missing = await endOf(luge.start(["import", "shop", "level"], cwd));
      assert.deepEqual(
        [missing.code, missing.errors],
        [
          3,
          "luge: Cannot read LevelDB: the package classic-level is missing; install it here: npm install classic-level\n",
        ],
      );
      mkdirSync(join(cwd, "node_modules"));
      symlinkSync(join(ROOT, "node_modules", "classic-level"), join(cwd, "node_modules", "classic-level"));
      const { code, output, errors } = await endOf(luge.start(["import", "shop", "level"], cwd));
      assert.deepEqual([code, output, errors], [0, "1 entry\n", ""]);
    }));

  test("reads standard input", () =>
    withDirectory(async (cwd) => {
      const words = ["import", "shop", "-", "--from", "json", "--key", "{id}"];
      const { code, output, errors } = await endOf(luge.start(words, cwd), '[{"id":1},{"id":2}]');
      assert.deepEqual([code, output, errors], [0, "2 entries\n", ""]);
      writeFileSync(join(cwd, "a.csv"), "id\n3\n");
      assert.equal(
        (await endOf(luge.start(["import", "shop", "a.csv", "--key-column", "id"], cwd))).output,
        "1 entry\n",
      );
    }));
});
