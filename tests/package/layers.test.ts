/**
 * More rules for the imports of `src`, and for its files: see ARCHITECTURE.md. directions.test.ts checks that they run
 * one way.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, importsOf } from "../../scripts/check/imports.ts";
import { nodeTest } from "../support/node_only.ts";

const ROOT = join(import.meta.dirname, "..", "..");

const files = ["mod.ts", ...globSync("src/**/*.ts", { cwd: ROOT })];
/**
 * The command line is a separate program above the module, and adapters are exports above it. Shared stores are a file of
 * their own, which the module loads when it is needed.
 */
const moduleFiles = files.filter((file) => !/^src\/(?:cli|studio|adapters|shared)\//.test(file));
const adapterFiles = files.filter((file) => file.startsWith("src/adapters/"));

nodeTest("the command line uses the module as everybody does", () => {
  const imported = files.filter((file) => file.startsWith("src/cli/")).flatMap((file) => importsOf(file));
  const ofTheModule = imported.filter((file) => !file.startsWith("src/cli/"));
  const ofKv = ["src/adapters/kv/entry_bytes.ts", "src/adapters/kv/types.ts", "src/adapters/kvconnect/mod.ts"];
  assert.deepEqual([...new Set(ofTheModule)].sort(), [
    "mod.ts",
    ...ofKv,
    "src/servers/etcd/mod.ts",
    "src/servers/postgres/mod.ts",
    "src/studio/mod.ts",
  ]);
});

nodeTest("the studio's page imports nothing of a runtime, and its server no package", () => {
  const packages = new Set<string>();
  for (const file of files.filter((file) => file.startsWith("src/studio/"))) {
    const isPage = file.startsWith("src/studio/page/");
    for (const [, name = ""] of codeOf(file).matchAll(/\bfrom "(?!\.)([^"]+)"/g)) {
      if (isPage) packages.add(name);
      else assert.ok(name.startsWith("node:") || name === "esbuild", `${file}: ${name}`);
    }
  }
  assert.deepEqual([...packages].sort(), ["htm/preact", "preact", "preact/hooks", "uplot"]);
});

nodeTest(
  "an adapter uses the module as everybody does, knows no other adapter, and imports only its own package",
  () => {
    assert.ok(adapterFiles.length > 5);
    for (const file of adapterFiles) {
      const own = dirname(file);
      const others = importsOf(file).filter(
        (imported) =>
          imported !== "mod.ts" &&
          !/^src\/(?:api\/|adapters\/\w+\.ts$)/.test(imported) &&
          dirname(imported) !== own &&
          !(/^src\/adapters\/kv/.test(file) && OF_KV.test(imported)),
      );
      assert.deepEqual(others, [], file);
      const code = codeOf(file);
      const packages = [...code.matchAll(/\bfrom "(?!\.|node:)([^"]+)"/g)].map(([, name = ""]) => `${own}: ${name}`);
      for (const name of packages) assert.ok(ADAPTER_PACKAGES.includes(name), name);
    }
  },
);

/** KV Connect serves what the interface of Deno KV makes. Both have bytes of their own, as the module has. */
const OF_KV = /^src\/(?:adapters\/kv\/\w+|bytes|clock|codecs\/.*|encoding|keys\/.*|limits|promises|realm)\.ts$/;

/** The packages that adapters import. */
const ADAPTER_PACKAGES = ["src/adapters/kvconnect: pbf", "src/adapters/level: abstract-level"];

nodeTest("only `open` knows shared stores, and loads them late", () => {
  const users = files.filter((file) => !file.startsWith("src/shared/") && importsOf(file).some(isShared));
  assert.deepEqual(users, ["src/open.ts"]);
  assert.doesNotMatch(codeOf("src/open.ts"), /from "\.\/shared\//);
});

const isShared = (file: string): boolean => file.startsWith("src/shared/");

nodeTest("everything public is a type of src/api, or one of a few values", () => {
  const elsewhere = [...codeOf("mod.ts").matchAll(/export (type )?\{([^}]*)\} from "([^"]*)"/g)].filter(
    ([, type, names, file]) => (type || /\btype /.test(names ?? "")) && !file?.startsWith("./src/api/"),
  );
  assert.deepEqual(elsewhere, []);
  const made = files
    .filter((file) => file.startsWith("src/api/"))
    .flatMap((file) =>
      [...codeOf(file).matchAll(/^export (?:const|let|function|class|async function) (\w+)/gm)].map(([, name]) => name),
    );
  assert.deepEqual(made, ["LoggingLevel"]);
});

/** Everything else is loaded only when needed: `node:fs/promises` and `node:url` take Bun 2.3 ms. */
const LOADED_ON_IMPORT = ["node:fs", "node:os", "node:path", "node:timers"];

nodeTest("the module loads no more of its runtime on import than every store needs", () => {
  const loaded = moduleFiles.flatMap((file) =>
    [...codeOf(file).matchAll(/^(?:import|export)(?! type)[^;]*?from "(node:[^"]*)";/gm)].map(([, name]) => name),
  );
  assert.deepEqual([...new Set(loaded)].toSorted(), LOADED_ON_IMPORT);
});

/** A longer file has more than one job, unless its first comment gives a reason. */
const MOST_LINES = 300;

nodeTest("a file is short, or says why it is long", () => {
  const long = files.filter((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const firstComment = text.slice(0, text.indexOf("*/"));
    return (
      text.split("\n").length > MOST_LINES + 1 &&
      !/\blong(?:, since| because)\b/i.test(firstComment.replace(/\s*\*\s*/g, " "))
    );
  });
  assert.deepEqual(long, []);
});

nodeTest(
  "nothing but the file system imports a runtime's own modules, except for timers, paths of options and the artefact",
  () => {
    const allowed = [
      "src/backup/format.ts",
      "src/clock.ts",
      "src/config.ts",
      "src/wasm/artefact_file.ts",
      "src/wasm/load.ts",
    ];
    const users = moduleFiles.filter((file) => /from "node:/.test(codeOf(file)));
    assert.deepEqual(users.filter((file) => !file.startsWith("src/fs/")).sort(), allowed);
  },
);

nodeTest("only the host imports a package, the shim, and some exports the library that they are for", () => {
  const packages = moduleFiles.flatMap((file) =>
    [...codeOf(file).matchAll(/\b(?:from|import)\s*\(?\s*"(?!node:|\.)([^"]+)"/g)].map(
      ([, name]) => `${dirname(file)}: ${name}`,
    ),
  );
  assert.deepEqual([...new Set(packages)].sort(), [
    "src/codecs/messagepack: @msgpack/msgpack",
    "src/host: @bjorn3/browser_wasi_shim",
    "src/servers/postgres: postgres",
  ]);
});

nodeTest("the module imports no export of its own, but for the codecs of text and of numbers", () => {
  const exported = moduleFiles.filter((file) => /^src\/(?:codecs|keys|prometheus)\//.test(file));
  assert.ok(exported.length > 10);
  const imported = moduleFiles
    .filter((file) => !exported.includes(file))
    .flatMap((file) => importsOf(file))
    .filter((file) => exported.includes(file));
  assert.deepEqual([...new Set(imported)].sort(), ["src/codecs/number.ts", "src/codecs/text.ts"]);
});
