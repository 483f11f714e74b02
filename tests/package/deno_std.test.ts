/**
 * Deno's standard library is used under JSR's names, on every runtime. The module itself uses none of it.
 */

import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";

interface Names {
  readonly [name: string]: string;
}

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const json = <T>(file: string) => JSON.parse(read(file)) as T;

const denoConfig = json<{ imports: Names; links: readonly string[] }>("deno.json");
const { devDependencies } = json<{ devDependencies: Names }>("package.json");
const folders = readdirSync(join(ROOT, "std"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const names = folders.map((folder) => `@std/${folder}`);

/** The specifiers of `@std/` in the imports of files. */
function used(...patterns: readonly string[]): string[] {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  assert.ok(files.length > 0, `no file is ${patterns.join(" or ")}`);
  const found = files.flatMap((file) => [...read(file).matchAll(/from "(@std\/[^"]+)"/g)].map(([, name = ""]) => name));
  return [...new Set(found)].sort();
}

nodeTest("Deno finds each package under its name on JSR, and without JSR in its folder", () => {
  assert.deepEqual(
    Object.keys(denoConfig.imports)
      .filter((name) => name.startsWith("@std/"))
      .sort(),
    names,
  );
  for (const name of names) assert.equal(denoConfig.imports[name], `jsr:${name}@^1.0.0`);
  assert.deepEqual(
    [...denoConfig.links].sort(),
    folders.map((folder) => `./std/${folder}`),
  );
});

nodeTest("Node, Bun, TypeScript and esbuild find the same packages in the same folders", () => {
  const linked = Object.entries(devDependencies).filter(([name]) => name.startsWith("@std/"));
  assert.deepEqual(
    Object.fromEntries(linked),
    Object.fromEntries(folders.map((each) => [`@std/${each}`, `file:std/${each}`])),
  );
  assert.match(devDependencies["deno-std"] ?? "", /^\d+\.\d+\.\d+$/);
  for (const folder of folders) {
    const deno = json<{ name: string; version: string; exports: string | Names }>(`std/${folder}/deno.json`);
    const npm = json<{ name: string; version: string; exports: { [entry: string]: Names } }>(
      `std/${folder}/package.json`,
    );
    assert.deepEqual([npm.name, npm.version], [deno.name, deno.version]);
    const entries = typeof deno.exports === "string" ? { ".": deno.exports } : deno.exports;
    assert.deepEqual(
      Object.fromEntries(Object.entries(npm.exports).map(([entry, { default: file }]) => [entry, file])),
      entries,
    );
  }
});

nodeTest("the types name what the packages export, no more and no less", async () => {
  let count = 0;
  for (const file of globSync("std/*/*.js", { cwd: ROOT })) {
    const exported = Object.keys((await import(join(ROOT, file))) as object).sort();
    const types = read(file.replace(/\.js$/, ".d.ts"));
    const declared = [...types.matchAll(/^export declare (?:function|class|const) (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(declared.sort(), exported, file);
    count += exported.length;
  }
  assert.ok(count > 20);
});

nodeTest("every package is used: by the command line, the scripts, the example for Deno and the tests", () => {
  const uses = {
    commandLine: used("src/cli/**/*.ts"),
    scripts: used("scripts/**/*.ts"),
    example: used("examples/deno_server.ts"),
    tests: used("tests/deno/*.ts", "tests/package/*.ts"),
  };
  for (const [user, packages] of Object.entries(uses))
    assert.ok(packages.length >= 2, `${user} uses ${packages.join()}`);
  const all = Object.values(uses).flat();
  assert.deepEqual([...new Set(all.map((name) => name.split("/").slice(0, 2).join("/")))].sort(), names);
  assert.match(read("docs/design/packages.md"), /^\*\*Deno's standard library\*\*/m);
});

nodeTest("the module contains no part of it, and the command line only deno-std's own files", async () => {
  const inputs = async (entry: string) => {
    const options = { absWorkingDir: ROOT, bundle: true, write: false, metafile: true, platform: "node" } as const;
    const { metafile } = await build({ ...options, format: "esm", outdir: "dist", entryPoints: [entry] });
    return Object.keys(metafile.inputs);
  };
  assert.deepEqual(
    (await inputs("mod.ts")).filter(
      (file) => !/^(?:mod\.ts$|src\/|node_modules\/@bjorn3\/browser_wasi_shim\/)/.test(file),
    ),
    [],
  );
  const command = (await inputs("src/cli/main.ts")).filter((file) => /(?:^|\/)(?:deno-)?std\//.test(file));
  assert.deepEqual(
    command.filter((file) => !/^(?:std|node_modules\/deno-std)\//.test(file)),
    [],
  );
  assert.ok(command.includes("node_modules/deno-std/fmt/bytes.js"), command.join());
});
