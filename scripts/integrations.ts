/**
 * Tries the package with bundlers and test runners, from the tarball, as users do. Prints a table. `--write` puts the
 * table into the pages of docs/guide/.
 *
 * ```sh
 * node scripts/integrations.ts [--only part-of-a-name] [--frameworks] [--write]
 * node scripts/integrations.ts --adapters [--quadstore checkout]
 * ```
 *
 * @module
 */

import process from "node:process";
import { tryAdapters } from "./integrations/adapters.ts";
import { BUNDLERS, bundle, type Outcome, writeSources, YES } from "./integrations/bundlers.ts";
import { tryFrameworks } from "./integrations/frameworks.ts";
import { withProject } from "./integrations/project.ts";
import { RUNNERS, runSuite, writeSuites } from "./integrations/runners.ts";
import { writeTables } from "./integrations/tables.ts";
import { installTools } from "./integrations/tools.ts";
import { describeProgram, flag, maybe, readOptions, text } from "./lib/options.ts";

describeProgram("scripts/integrations.ts", "Tries the package with bundlers and test runners, from its tarball.");
const values = readOptions({
  only: text("only those whose names contain this", ""),
  frameworks: flag("try Next, Nitro and `deno compile`, too"),
  write: flag("write the tables in docs/guide/"),
  adapters: flag("only the adapter of Level, with suites and programs of others, on the disk"),
  quadstore: maybe("with --adapters: a checkout of quadstore, built, whose tests are run, too", "folder"),
});
if (values.adapters) {
  const tried = await tryAdapters(values.quadstore);
  console.table(tried);
  process.exit(tried.every(({ passed, failed }) => passed > 0 && failed === 0) ? 0 : 1);
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

installTools();
const outcomes: Outcome[] = await withProject(async (project) => {
  writeSources(project);
  writeSuites(project);
  const ways: { name: string; run: () => Outcome }[] = [
    ...BUNDLERS.map((bundler) => ({ name: bundler.name, run: () => bundle(project, bundler) })),
    ...RUNNERS.map((runner) => ({ name: runner.name, run: () => runSuite(project, runner) })),
  ];
  const found = ways
    .filter(({ name }) => name.includes(values.only))
    .map(({ name, run }) => {
      const started = performance.now();
      const outcome = run();
      console.log(`${name}: built ${outcome.built}, ran ${outcome.ran}, ${seconds(started)}`);
      return outcome;
    });
  return values.frameworks ? [...found, ...(await tryFrameworks(project))] : found;
});
console.table(outcomes.map((each) => ({ ...each, built: each.built.slice(0, 20), ran: each.ran.slice(0, 20) })));
const isWrong = ({ built, ran }: Outcome) => built !== YES || ran !== YES;
if (outcomes.some(isWrong)) process.exitCode = 1;
for (const { name, built, ran } of outcomes.filter(isWrong)) console.error(`${name}: ${built === YES ? ran : built}`);
if (values.write) writeTables(outcomes);
