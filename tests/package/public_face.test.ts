/**
 * What a public project shows: workflows, templates and policies. They cannot run here, so they are read.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "@std/yaml";
import { binary, ROOT, RUNTIMES } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { anchorsOf } from "../support/pages.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const WORKFLOWS = globSync(".github/workflows/*.yml", { cwd: ROOT }).sort();

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly "runs-on"?: string;
  readonly "timeout-minutes"?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflowOf = (file: string) => parse(read(file)) as Workflow;
const stepsOf = (file: string) => Object.values(workflowOf(file).jobs).flatMap(({ steps = [] }) => steps);

/** Actions and the versions that exist. */
const ACTIONS: Readonly<Record<string, string>> = {
  "actions/checkout": "v4",
  "actions/setup-node": "v4",
  "actions/upload-artifact": "v4",
  "actions/download-artifact": "v4",
  "actions/upload-pages-artifact": "v3",
  "actions/deploy-pages": "v4",
  "oven-sh/setup-bun": "v2",
  "denoland/setup-deno": "v2",
};

/** Machines that GitHub has. */
const MACHINES = ["ubuntu-24.04", "macos-15", "windows-2025"];

nodeTest("each workflow has a name, few rights, a limit of time, known machines and known actions", () => {
  assert.deepEqual(
    WORKFLOWS.map((file) => workflowOf(file).name),
    ["check", "nightly", "release", "site"],
  );
  for (const file of WORKFLOWS) {
    const { on, permissions, jobs } = workflowOf(file);
    assert.ok(Object.keys(on).length > 0, file);
    assert.deepEqual(permissions, { contents: "read" }, file);
    for (const [name, job] of Object.entries(jobs)) {
      const where = `${file}: ${name}`;
      for (const needed of [job.needs ?? []].flat()) assert.ok(needed in jobs, `${where} needs ${needed}`);
      if (job.uses !== undefined) {
        assert.ok(existsSync(join(ROOT, job.uses)), where);
        continue;
      }
      const machines = [job["runs-on"], ...(job.strategy?.matrix.system ?? [])];
      for (const machine of machines)
        assert.ok(/^\$\{\{ matrix\.system \}\}$/.test(String(machine)) || MACHINES.includes(String(machine)), where);
      assert.ok((job["timeout-minutes"] ?? 0) > 0, where);
      for (const step of job.steps ?? []) checkStep(step, where);
    }
  }
});

function checkStep({ uses, run }: Step, where: string): void {
  assert.notEqual(uses === undefined, run === undefined, `${where}: a step uses an action, or runs a command`);
  if (uses !== undefined) {
    const [action = "", version] = uses.split("@");
    assert.equal(version, ACTIONS[action], `${where}: ${uses}`);
  }
  // What others choose, such as the name of a branch, must not become part of a command.
  assert.doesNotMatch(run ?? "", /\$\{\{(?! runner\.os == 'Windows')/, `${where}: an expression in a command`);
}

nodeTest("expressions name steps, inputs and matrix values that exist", () => {
  for (const file of WORKFLOWS) {
    const { on, jobs } = workflowOf(file);
    const inputs = (on.workflow_dispatch as { inputs?: object } | null | undefined)?.inputs ?? {};
    for (const [name, job] of Object.entries(jobs)) {
      const matrix = job.strategy?.matrix ?? {};
      const values = [...Object.keys(matrix), ...(matrix.include ?? []).flatMap((row) => Object.keys(row as object))];
      const ids = (job.steps ?? []).flatMap(({ id }) => id ?? []);
      for (const [, kind, field = ""] of JSON.stringify(job).matchAll(/\b(matrix|steps|inputs)\.(\w+)/g)) {
        const known = kind === "matrix" ? values : kind === "steps" ? ids : Object.keys(inputs);
        assert.ok(known.includes(field), `${file}: ${name}: ${kind}.${field}`);
      }
    }
  }
});

nodeTest("commands of the project that workflows run exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  let found = 0;
  for (const file of WORKFLOWS) {
    for (const { run = "" } of stepsOf(file)) {
      for (const [, name = ""] of run.matchAll(/\bnpm (?:run )?(test|(?<=run )[\w:]+)/g)) {
        found += 1;
        assert.ok(name in scripts, `${file}: npm run ${name}`);
      }
      for (const [program] of run.matchAll(/\bscripts\/\w+\.ts\b/g)) {
        found += 1;
        assert.ok(existsSync(join(ROOT, program)), `${file}: ${program}`);
      }
    }
  }
  assert.ok(found > 7, `only ${found} commands`);
});

nodeTest("tests run on three systems and three runtimes, in folders that exist", () => {
  const { matrix } = workflowOf(".github/workflows/check.yml").jobs.systems?.strategy ?? { matrix: {} };
  assert.deepEqual(matrix.system, MACHINES);
  assert.deepEqual(matrix.runtime, [...RUNTIMES]);
  const [, parts = ""] = /for part in (.*?); do/.exec(read(".github/workflows/check.yml")) ?? [];
  const folders = parts.split(" ");
  assert.ok(folders.length > 5);
  for (const folder of folders) {
    assert.ok(globSync(`tests/${folder}*.test.ts`, { cwd: ROOT }).length > 0, folder);
  }
});

nodeTest("every campaign but that of known faults runs each night, with options that it has", () => {
  const help = (...args: readonly string[]) =>
    execFileSync(binary("node"), ["scripts/campaign.ts", ...args, "--help"], { cwd: ROOT, encoding: "utf8" });
  const known = [...help().matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, name = ""]) => name);
  const nightly = workflowOf(".github/workflows/nightly.yml").jobs.campaign?.strategy?.matrix.campaign ?? [];
  assert.deepEqual([...nightly, "replay"].sort(), known.sort());
  for (const campaign of nightly) assert.match(help(String(campaign)), /--minutes /, String(campaign));
  assert.match(help("crash"), /--power-cut /);
});

nodeTest("only the job that publishes gets a token, and it publishes what it has checked, with provenance", () => {
  const { jobs } = workflowOf(".github/workflows/release.yml");
  assert.deepEqual(jobs.publish?.permissions, { contents: "write", "id-token": "write" });
  assert.deepEqual([jobs.publish?.needs, jobs.check?.uses], ["check", "./.github/workflows/check.yml"]);
  const commands = (jobs.publish?.steps ?? []).flatMap(({ run }) => run ?? []);
  const order = ["build.ts release --tag", "sha256sum --check", "npm publish", "deno publish", "gh release create"];
  assert.deepEqual(
    order.map((part) => commands.findIndex((command) => command.includes(part))),
    [1, 2, 3, 4, 5],
  );
  assert.match(commands[3] ?? "", / --provenance /);
  for (const file of WORKFLOWS) {
    const secrets = [...read(file).matchAll(/\$\{\{ secrets\.(\w+) \}\}/g)].map(([, name]) => name);
    assert.deepEqual(secrets, file.endsWith("release.yml") ? ["NPM_TOKEN"] : [], file);
  }
});

nodeTest("the other files of .github are read, and their links lead to files and headings", () => {
  for (const file of globSync([".github/*.yml", ".github/ISSUE_TEMPLATE/*.yml"], { cwd: ROOT })) {
    const content = parse(read(file)) as { body?: readonly { type: string; id?: string; attributes: object }[] };
    assert.equal(typeof content, "object", file);
    const ids = (content.body ?? []).flatMap(({ id }) => id ?? []);
    assert.equal(new Set(ids).size, ids.length, file);
    for (const { type } of content.body ?? [])
      assert.match(type, /^(?:markdown|textarea|input|dropdown|checkboxes)$/, file);
    for (const [path] of read(file).matchAll(/\bdocs\/[\w/.-]+\.md\b/g)) assert.ok(existsSync(join(ROOT, path)), path);
  }
  let links = 0;
  for (const file of globSync(".github/*.md", { cwd: ROOT })) {
    for (const [, target = ""] of read(file).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)) {
      const [path = "", anchor] = target.split("#");
      const found = join(dirname(file), path);
      links += 1;
      assert.ok(existsSync(join(ROOT, found)), `${file}: ${target}`);
      assert.ok(anchor === undefined || anchorsOf(found).includes(anchor), `${file}: ${target}`);
    }
  }
  assert.ok(links >= 3);
});

/** What somebody would have to fill in, and addresses that nobody can answer at. */
const PLACEHOLDER =
  /\b(?:TODO|FIXME|TBD|CHANGE[-_ ]?ME|REPLACE[-_ ]?ME)\b|\bYOUR[-_](?:NAME|ORG|USER|REPO|E?MAIL|DOMAIN)\b|<(?:owner|org|user|repo|email)>|github\.com\/(?:OWNER|ORG|USER|your)|\bOWNER\/REPO\b/i;
const MAIL = /\b[\w.+-]+@(?!example\.(?:org|com)\b)[\w-]+\.(?:com|org|net|dev|io)\b/;

nodeTest("nothing but publish.json waits for a publisher: no placeholder, and no address that was made up", () => {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const files = listed
    .split("\n")
    .filter(
      (file) => /\.(?:md|ya?ml|json|jsonc|toml|html|css)$|^\.\w+$|^\.ci\//.test(file) && existsSync(join(ROOT, file)),
    )
    .filter((file) => !/package-lock\.json$|^tests\/|^scripts\/bench\/results\//.test(file));
  assert.ok(files.length > 60, `only ${files.length} files`);
  const found = files.flatMap((file) =>
    read(file)
      .split("\n")
      .flatMap((line) => {
        const isWrong = PLACEHOLDER.test(line) || (/^(?:\.github\/|[A-Z]+\.md)/.test(file) && MAIL.test(line));
        return isWrong ? [`${file}: ${line.trim()}`] : [];
      }),
  );
  assert.deepEqual(found, []);
  for (const wrong of ["TODO", "your-name", "https://github.com/OWNER/luge", "<owner>"])
    assert.match(wrong, PLACEHOLDER);
  assert.match("security@luge.dev", MAIL);
});

nodeTest("the editor is told the widths that the checks have", () => {
  const config = read(".editorconfig");
  assert.match(config, /^\[\*\]\n[\s\S]*?^max_line_length = (\d+)$/m);
  assert.equal(
    /^max_line_length = (\d+)$/m.exec(config)?.[1],
    String(JSON.parse(read("biome.json")).formatter.lineWidth),
  );
  assert.equal(/max_width = (\d+)/.exec(read("engine/rustfmt.toml"))?.[1], "120");
  assert.match(config, /^\[\*\.md\]\nmax_line_length = 100$/m);
});
