/**
 * Every command line that the help and the README show, run in a shell as a new user would: it must print what stands below it.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { buildPrograms } from "../../scripts/lib/package.ts";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { EXIT_CODES } from "../../src/cli/exit_codes.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";
import { runHere } from "./luge.ts";

/** A command line with the lines below it. */
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

/** What matches what stands in an example: `…` is anything. */
function pattern(expected: string): RegExp {
  const escaped = expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", "[\\s\\S]+?");
  return new RegExp(`^${escaped}$`);
}

/** Runs examples one after the other in a directory, with the published command on the path. */
async function runExamples(examples: readonly Example[], minimum: number): Promise<void> {
  assert.ok(examples.length >= minimum, `only ${examples.length} examples found`);
  await withDirectory(async (directory) => {
    const [bin, cwd] = [join(directory, "bin"), join(directory, "cwd")];
    await buildPrograms(join(directory, "package"));
    for (const path of [bin, cwd]) mkdirSync(path);
    const command = join(bin, "luge");
    writeFileSync(command, `#!/bin/sh\nexec '${binary("node")}' '${join(directory, "package", "luge.js")}' "$@"\n`);
    chmodSync(command, 0o755);
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    for (const { command, expected } of examples) {
      const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd, env, encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""], `$ ${command}\n${stdout}`);
      assert.match(stdout.trimEnd(), pattern(expected), `$ ${command}`);
    }
  });
}

nodeTest("every example of the help prints what it shows", async () => {
  const examples: Example[] = [];
  for (const { name } of COMMANDS) {
    const { code, output } = await runHere([name, "--help"]);
    assert.equal(code, 0);
    const found = examplesIn(output.split("\nExamples:\n")[1]?.replace(/^ {2}/gm, "") ?? "");
    assert.ok(found.length > 0, `${name} has no example`);
    examples.push(...found);
  }
  await runExamples(examples, 30);
});

nodeTest("every command line of the README prints what it shows", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  await runExamples(blocks.flatMap(examplesIn), 20);
});

nodeTest("the README and the help list every exit code and command", async () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const { output } = await runHere(["--help"]);
  for (const [code, text] of EXIT_CODES) {
    assert.ok(readme.includes(`| ${code} | ${text} |`), `the README lacks exit code ${code}`);
    assert.match(output, new RegExp(`^ +${code} +\\w`, "m"));
  }
  for (const { name, summary } of COMMANDS) {
    assert.ok(readme.includes(`| \`${name}\` |`), `the README lacks ${name}`);
    assert.ok(output.includes(summary), `the help lacks ${name}`);
  }
});
