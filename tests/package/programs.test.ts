/**
 * The programs under `scripts/`. Each describes itself with `--help`, and refuses unknown arguments. Pages and npm
 * scripts call them by existing names.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import type { Ended } from "./fixtures/programs.ts";

const FIXTURE = join(import.meta.dirname, "fixtures", "programs.ts");

/** Starts programs in another process: see the fixture. */
function start(...args: readonly string[]): Ended[] {
  return JSON.parse(execFileSync(binary("node"), [FIXTURE, ...args], { cwd: ROOT, encoding: "utf8" })) as Ended[];
}

let found: Ended[] | undefined;
function helps(): Ended[] {
  found ??= start("each", "--help");
  return found;
}

nodeTest("there are few programs", () => {
  const names = globSync("scripts/*.ts", { cwd: ROOT }).map((file) => file.replace(/^scripts\/|\.ts$/g, ""));
  const wanted = [
    "bench",
    "build",
    "build_engine",
    "campaign",
    "check",
    "integrations",
    "measure",
    "services",
    "start",
    "test",
  ];
  assert.deepEqual(names.sort(), wanted);
});

nodeTest("every program and each of its commands describes itself, and runs nothing, with --help", () => {
  assert.ok(helps().length > 25);
  for (const { command, parts, code, output, errors } of helps()) {
    assert.deepEqual([code ?? 0, errors], [0, ""], command);
    const [usage, does, options, ...more] = output.trim().split("\n\n");
    assert.ok(usage?.startsWith(`Usage: node ${command} `), `${command} --help says: ${usage}`);
    assert.match(does ?? "", /^\w.{20,}/, command);
    assert.match(options ?? "", /^Options:\n.*-h, --help/s, command);
    assert.equal(more.length, parts.length > 0 ? 1 : 0, `${command} --help says also: ${more}`);
  }
});

nodeTest("an unknown option is refused, with the exit code 2", () => {
  for (const { command, parts, code, output, errors } of start("each", "--no-such-option")) {
    if (parts.length > 0) continue;
    assert.deepEqual([code, output], [2, ""], command);
    assert.match(errors, /--no-such-option'/, command);
  }
});

const WRONG: readonly (readonly [call: string, message: RegExp])[] = [
  ["campaign.ts nothing", /Unknown command 'nothing': expected one of crash, simulate, /],
  ["campaign.ts toString", /Unknown command 'toString'/],
  ["campaign.ts", /Usage: node scripts\/campaign.ts COMMAND/],
  ["test.ts --runtime node,perl", /'--runtime <list>' argument 'node,perl' is invalid. Expected some of node,bun,deno/],
  ["test.ts all", /too many arguments/],
  ["bench.ts --rounds 0", /'--rounds <number>' argument '0' is invalid. Expected a whole number above 0/],
  ["bench.ts --rounds 1.5", /argument '1.5'/],
  ["bench.ts --rounds=", /argument ''/],
  ["measure.ts cold-start BEFORE", /missing required argument 'after'/],
];

nodeTest("so are an unknown command and an invalid number", () => {
  const all = start("calls", ...WRONG.map(([call]) => `scripts/${call}`));
  for (const [i, { command, code, output, errors }] of all.entries()) {
    assert.deepEqual([code, output], [2, ""], command);
    assert.match(errors, WRONG[i]?.[1] ?? / /);
  }
});

/** A call of a program, with its arguments. */
const CALL = /\bnode (scripts\/\w+\.ts)(?: ([a-z][a-z-]*)\b)?(.*)/;

nodeTest("programs and options in pages and npm scripts exist", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const pages = globSync(
    ["*.md", "docs/**/*.md", "tests/*.md", "engine/fuzz/*.md", "package.json", ".github/workflows/*.yml"],
    { cwd: ROOT },
  );
  const wrong: string[] = [];
  let calls = 0;
  for (const page of pages) {
    const text = readFileSync(join(ROOT, page), "utf8");
    for (const [line] of text.matchAll(/\b(?:node scripts\/\w+\.ts|npm run \w+(?::\w+)*)[^`"|\n#;&)]*/g)) {
      const call = line.replace(
        /^npm run (\w+(?::\w+)*)(?: --(?= ))?/,
        (_, name: string) => scripts[name] ?? "node scripts/missing.ts",
      );
      const [, program, part, rest = ""] = CALL.exec(call) ?? [];
      if (program === undefined) continue;
      calls += 1;
      const called = helps().filter(({ command }) =>
        part === undefined ? command.startsWith(program) : command === `${program} ${part}`,
      );
      const known = called.map(({ output }) => output).join("\n");
      const options = [...rest.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option);
      if (called.length === 0 || !options.every((option) => known.includes(`${option} `)))
        wrong.push(`${page}: ${line}`);
    }
  }
  assert.ok(calls > 20, `only ${calls} calls`);
  assert.deepEqual(wrong, []);
});
