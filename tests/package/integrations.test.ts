/**
 * The package with bundlers, test runners and checkers: see `scripts/integrations.ts`, which shows the same as a table.
 */

import assert from "node:assert/strict";
import { BUNDLERS, bundle, writeSources, YES } from "../../scripts/integrations/bundlers.ts";
import { checkPackage } from "../../scripts/integrations/checkers.ts";
import { withProject } from "../../scripts/integrations/project.ts";
import { RUNNERS, runSuite, writeSuites } from "../../scripts/integrations/runners.ts";
import { installTools } from "../../scripts/integrations/tools.ts";
import { nodeTest } from "../support/node_only.ts";

nodeTest("bundlers, test runners and checkers accept the package from its tarball", async (context) => {
  installTools();
  await withProject(async (project) => {
    writeSources(project);
    writeSuites(project);
    for (const bundler of BUNDLERS) {
      await context.test(`${bundler.name} builds a program that runs on its own`, () => {
        const { built, ran } = bundle(project, bundler);
        assert.equal(built, YES);
        assert.equal(ran, YES);
      });
    }
    for (const runner of RUNNERS) {
      await context.test(`${runner.name} runs tests with fake timers`, () => {
        assert.equal(runSuite(project, runner).ran, YES);
      });
    }
    await context.test("publint and @arethetypeswrong/cli find nothing", () => checkPackage(project));
  });
});
