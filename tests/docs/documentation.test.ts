/**
 * The examples of the documentation run, and their types are correct.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { EXPORTS } from "../../scripts/lib/package/exports.ts";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { fencesOf, pageFiles } from "../support/pages.ts";
import { withDirectory } from "../support/temporary.ts";
import { type Example, findExamples } from "./examples.ts";

/** Inside the project, so that its packages are found. */
const FOLDER = join(ROOT, "dist", "documentation");

/** Writes an example as a separate module. Returns its path. */
function writeExample({ code, file }: Example, number: number): string {
  const path = join(FOLDER, `example${number}.ts`);
  const resolved = code
    // cache-manager is made for keyv 5.
    .replace('"keyv"', code.includes('"cache-manager"') ? '"keyv-5"' : '"keyv"')
    .replaceAll('"@luge/luge"', '"../../mod.ts"')
    .replace(/"@luge\/luge\/(\w+)"/g, (_, name: string) => `"../../${EXPORTS[name]}"`)
    .replace(/"\.\/(\w+\.ts)"/g, (_, name: string) => `"../../${join(file, "..", name)}"`);
  writeFileSync(path, `${resolved}\nexport {};\n`);
  return path;
}

/** All examples run in one process: each takes milliseconds, and a process takes many more. */
const RUN = `
let failed = 0;
async function run(place, example) {
  try {
    await example();
  } catch (error) {
    failed = 1;
    console.error("the example at", place, "failed:", error);
  }
}`;

nodeTest("every example of the documentation runs", () =>
  withDirectory((directory) => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    const examples = findExamples();
    assert.ok(examples.length >= 8, `only ${examples.length} examples found`);
    const paths = examples.map(writeExample);
    execFileSync(
      binary("tsc"),
      [
        "--ignoreConfig",
        "--noEmit",
        "--strict",
        "--module",
        "NodeNext",
        "--target",
        "ES2023",
        "--allowImportingTsExtensions",
      ]
        .concat(["--lib", "ES2024,ESNext.Disposable,DOM,DOM.Iterable", "--types", "node", "--skipLibCheck"])
        .concat(paths),
      { cwd: ROOT, stdio: "inherit" },
    );
    const steps = examples.flatMap(({ file, line, runs }, i) =>
      runs ? [`await run(${JSON.stringify(`${file}:${line}`)}, () => import(${JSON.stringify(paths[i])}));`] : [],
    );
    const runner = join(FOLDER, "run_all.ts");
    writeFileSync(runner, `${RUN}\n${steps.join("\n")}\nprocess.exit(failed);\n`);
    // Their temporary directories are removed with the test's directory.
    const env = { ...process.env, TMPDIR: directory };
    execFileSync(binary("node"), [runner], { cwd: directory, env, encoding: "utf8", timeout: 120_000 });
  }),
);

nodeTest("every example for CommonJS runs", async () => {
  const module = await import("../../mod.ts");
  const examples = pageFiles().flatMap((file) => fencesOf(file).filter(({ language }) => language === "js"));
  assert.ok(examples.length > 0);
  const require = (name: string) => (name === "@luge/luge" ? module : assert.fail(`unexpected '${name}'`));
  for (const { code } of examples) new Function("require", code)(require);
});

nodeTest("the reference is generated, with a page for every public name", () =>
  withDirectory((directory) => {
    const output = join(directory, "reference");
    execFileSync(binary("node"), [join(ROOT, "scripts", "build.ts"), "reference", "--output", output], {
      stdio: "ignore",
    });
    assert.ok(existsSync(join(output, "index.html")));
    const folders = ["", ...Object.keys(EXPORTS)].map((name) => join(output, name, "~"));
    const isThere = (name: string) => folders.some((folder) => existsSync(join(folder, `${name}.html`)));
    assert.deepEqual(
      publicNames().filter((name) => !isThere(name)),
      [],
    );
  }),
);

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** The names that the module and the other exports have. */
function publicNames(): string[] {
  const files = ["mod.ts", ...Object.values(EXPORTS)];
  const names = files
    .flatMap((file) => [...read(file).matchAll(/^export (?:type )?{([^}]*)}/gm)])
    .flatMap(([, list = ""]) => list.split(","))
    .map((name) => name.replace(/\btype\b/, "").trim())
    .filter((name) => name !== "");
  assert.ok(names.length > 40);
  return names;
}

const ERRORS = "docs/guide/15-troubleshooting.md";
const OPTIONS = "docs/guide/17-options-and-limits.md";
const METHODS = "docs/guide/18-methods.md";

nodeTest("the guide has every error code with its meaning and remedy, and no other", () => {
  const union = /type StoreErrorCode =([^;]*);/.exec(read("src/api/errors.ts"))?.[1] ?? "";
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  assert.ok(codes.length > 15);
  const rows = [...read(ERRORS).matchAll(/^\| `([A-Z_]+)` \| [^|]{10,} \| [^|]{5,} \|$/gm)].map(([, code]) => code);
  assert.deepEqual(rows.sort(), codes.sort());
});

nodeTest("the guide has every option of the config, and every method", () => {
  const members = (file: string, name: string) => {
    const body = new RegExp(`interface ${name}\\b[^{]*{\\n([\\s\\S]*?)\\n}`).exec(read(file))?.[1] ?? assert.fail(name);
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[<(?:]/gm)].map(([, member]) => member ?? "");
  };
  const methods = [
    ...members("src/api/reader.ts", "Reader"),
    ...members("src/api/reader.ts", "Snapshot"),
    ...members("src/api/store.ts", "Store"),
    ...members("src/api/transaction.ts", "Transaction"),
    ...members("src/api/view.ts", "View"),
  ].map((name) => name.replace(/Sync$/, ""));
  assert.ok(methods.length > 50);
  const listed = read(METHODS);
  const absent = methods.filter((name) => !new RegExp(`\`${name}\\b`).test(listed));
  assert.deepEqual(absent, []);
  const options = members("src/api/config.ts", "SledStoreConfig");
  assert.ok(options.length >= 10);
  const described = read(OPTIONS);
  const undescribed = options.filter(
    (name) => !new RegExp(`^\\| \`${name}\` \\|[^|]*\\| [^|]{10,} \\|$`, "m").test(described),
  );
  assert.deepEqual(undescribed, []);
});

nodeTest("every name that the module exports is in a checked example", () => {
  const names = publicNames();
  const examples = findExamples().map(({ code }) => code);
  const missing = names.filter((name) => !examples.some((code) => new RegExp(`\\b${name}\\b`).test(code)));
  assert.deepEqual(missing, []);
});
