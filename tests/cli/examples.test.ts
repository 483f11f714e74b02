/**
 * Runs every command line of the help and the pages in a shell, as a new user would. Each must print what the example
 * shows.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { buildPrograms } from "../../scripts/lib/package/programs.ts";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { EXIT_CODES } from "../../src/cli/exit_codes.ts";
import { runHere } from "../support/command.ts";
import { endOf } from "../support/luge.ts";
import { nodeTest } from "../support/node_only.ts";
import { fencesOf, pageFiles } from "../support/pages.ts";
import { withDirectory } from "../support/temporary.ts";

/** A command line with the expected output below it. */
interface Example {
  readonly command: string;
  readonly expected: string;
}

/** The examples in the lines of a shell. */
function examplesIn(text: string): Example[] {
  const parts = text.split(/^\$ /m).slice(1);
  return parts.map((part) => {
    const [command = "", ...expected] = part.split("\n");
    return { command, expected: expected.join("\n").trimEnd() };
  });
}

/** A pattern for expected output, in which `…` matches anything. */
function pattern(expected: string): RegExp {
  const escaped = expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", "[\\s\\S]+?");
  return new RegExp(`^${escaped}$`);
}

/** Runs examples one after the other in an empty directory, with the published command in the PATH. */
async function runExamples(examples: readonly Example[], bin: string): Promise<void> {
  await withDirectory(async (cwd) => {
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    for (const { command, expected } of examples) {
      const { code, output, errors } = await endOf(spawn("sh", ["-c", command], { cwd, env }), "");
      assert.deepEqual([code, errors], [0, ""], `$ ${command}\n${output}`);
      assert.match(output.trimEnd(), pattern(expected), `$ ${command}`);
    }
  });
}

/** A directory with the published command, on Node. */
async function install(directory: string): Promise<void> {
  await buildPrograms(join(directory, "package"));
  const command = join(directory, "luge");
  writeFileSync(command, `#!/bin/sh\nexec '${binary("node")}' '${join(directory, "package", "luge.js")}' "$@"\n`);
  chmodSync(command, 0o755);
}

async function examplesOfHelp(): Promise<Example[]> {
  const examples: Example[] = [];
  for (const { name } of COMMANDS) {
    const { code, output } = await runHere([name, "--help"]);
    assert.equal(code, 0);
    const found = examplesIn(output.split("\nExamples:\n")[1]?.replace(/^ {2}/gm, "") ?? "");
    assert.ok(found.length > 0, `${name} has no example`);
    examples.push(...found);
  }
  return examples;
}

/** The examples of each page. Those of one page run in one directory. */
function examplesOfPages(): Example[][] {
  const pages = pageFiles().map((file) => fencesOf(file).filter(({ language }) => language === "console"));
  const examples = pages.map((fences) => fences.flatMap(({ code }) => examplesIn(code)));
  assert.ok(examples.flat().length >= 20, `only ${examples.flat().length} examples in the pages`);
  return examples.filter(({ length }) => length > 0);
}

nodeTest("every command line of the help and of the pages prints what the example shows", () =>
  withDirectory(async (bin) => {
    await install(bin);
    const all = [await examplesOfHelp(), ...examplesOfPages()];
    await Promise.all(all.map((examples) => runExamples(examples, bin)));
  }),
);

nodeTest("the guide and the help list every exit code and command", async () => {
  const guide = readFileSync(join(ROOT, "docs/guide/20-command-line.md"), "utf8");
  const { output } = await runHere(["--help"]);
  for (const [code, text] of EXIT_CODES) {
    assert.ok(guide.includes(`| ${code} | ${text} |`), `the guide lacks exit code ${code}`);
    assert.match(output, new RegExp(`^ +${code} +\\w`, "m"));
  }
  for (const { name, summary } of COMMANDS) {
    assert.ok(guide.includes(`| \`${name}\` | ${summary} |`), `the guide lacks ${name}`);
    assert.ok(output.includes(summary), `the help lacks ${name}`);
  }
});
