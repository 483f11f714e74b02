/**
 * The package in a browser: its condition `browser`, which has no modules of Node.
 */

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { chromiumProgram } from "../../../scripts/lib/chromium.ts";
import { buildPrograms, bundleBrowser, withoutNode } from "../../../scripts/lib/package/programs.ts";
import { ROOT } from "../../../scripts/lib/runtimes.ts";
import { browserTest, outcomeOf, withPage } from "../../support/chromium.ts";
import { nodeTest } from "../../support/node_only.ts";
import { withDirectory } from "../../support/temporary.ts";
import type { Outcome } from "./runner.ts";

const HTML = {
  type: "text/html",
  body: '<!doctype html><html lang="en"><title>luge</title><script type="module" src="/page.js"></script>',
};
const SCRIPT = "text/javascript";
const HERE = join(ROOT, "tests", "suite", "browser");

/** Bundles a page. Fails if something in it is only for Node. */
async function bundled(options: BuildOptions): Promise<string> {
  const result = await build({
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
    ...options,
  });
  assert.deepEqual(result.warnings, []);
  return result.outputFiles?.[0]?.text ?? "";
}

/** The suite of stores, on the package's file for browsers. */
async function suitePage(directory: string): Promise<string> {
  await bundleBrowser(directory, "esm");
  const ofPackage: Plugin = {
    name: "package",
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/mod\.ts$/ }, ({ path, resolveDir }) =>
        join(resolveDir, path) === join(ROOT, "mod.ts") ? { path: join(directory, "browser.js") } : undefined,
      ),
  };
  return await bundled({
    entryPoints: [join(HERE, "suite_page.ts")],
    plugins: [ofPackage, withoutNode],
    target: "es2022",
    alias: {
      "node:assert/strict": join(HERE, "assert.ts"),
      "node:test": join(HERE, "runner.ts"),
      "node:timers": join(HERE, "timers.ts"),
      "node:timers/promises": join(HERE, "timers_promises.ts"),
    },
  });
}

browserTest("the whole suite of stores passes in a page, and in a worker", () =>
  withDirectory(async (directory) => {
    const script = { type: SCRIPT, body: await suitePage(directory) };
    const starter = {
      type: SCRIPT,
      body: 'new Worker("/page.js", { type: "module" }).onmessage = ({ data }) => (globalThis.outcome = data)',
    };
    for (const [where, page] of [
      ["a page", script],
      ["a worker", starter],
    ] as const) {
      const files = where === "a page" ? { "/page.js": script } : { "/starter.js": starter, "/page.js": script };
      const html = { ...HTML, body: HTML.body.replace("page.js", page === script ? "page.js" : "starter.js") };
      await withPage({ "/": html, ...files }, "/", async (opened) => {
        const outcome = await outcomeOf<Outcome>(opened);
        assert.deepEqual(outcome.failures, [], where);
        assert.ok(outcome.passed > 90, `only ${outcome.passed} tests in ${where}`);
        assert.deepEqual(opened.errors, [], where);
      });
    }
  }),
);

const APP = `
import { MemoryStore, open, SledStore, StoreError } from "@luge/luge";
import { cloneCodec } from "@luge/luge/codecs";
import { tupleKey } from "@luge/luge/keys";
import { messagePackCodec } from "@luge/luge/messagepack";
import { prometheusText } from "@luge/luge/prometheus";

const store = new MemoryStore({ numVersionsToKeep: 3 });
const seen = [];
const stop = new AbortController();
const watching = (async () => {
  for await (const { key, type } of store.watch({}, { signal: stop.signal })) {
    if (seen.push(type + " " + key) === 3) stop.abort();
  }
})().catch((error) => { if (!stop.signal.aborted) throw error; });
await store.put("a", "1");
await store.transaction(async (tx) => { tx.put("b", await tx.get("a")); tx.delete("a"); });
await watching;
const view = store.view({ prefix: "view/", key: tupleKey, value: cloneCodec() });
await view.put(["x", 1], new Map([["y", 2n]]));
await store.view({ prefix: "pack/", value: messagePackCodec() }).put("z", [1, "2"]);
const copy = new MemoryStore();
await copy.restore(store.backup());
const copied = await copy.view({ prefix: "view/", key: tupleKey, value: cloneCodec() }).get(["x", 1]);
await store.put("short", "lived", { ttl: 20 });
while (await store.has("short")) await new Promise((resolve) => setTimeout(resolve, 5));
const refused = await open("data").catch((error) => error);
globalThis.outcome = {
  seen, refused: [refused instanceof StoreError, refused.code, refused.message], copied: String(copied.get("y")),
  count: await copy.count(), names: [MemoryStore.name, SledStore.name, store instanceof SledStore],
  versions: (await store.versions("a")).length,
};
await store.close();
`;

browserTest("an application that esbuild bundles for a browser gets it, with codecs, keys and backups", () =>
  withDirectory(async (directory) => {
    const folder = join(directory, "node_modules", "@luge", "luge");
    mkdirSync(folder, { recursive: true });
    await buildPrograms(join(folder, "lib"));
    copyFileSync(join(ROOT, "package.json"), join(folder, "package.json"));
    writeFileSync(join(directory, "app.js"), APP);
    const body = await bundled({ entryPoints: [join(directory, "app.js")], absWorkingDir: directory });
    await withPage({ "/": HTML, "/page.js": { type: SCRIPT, body } }, "/", async (opened) => {
      assert.deepEqual(await outcomeOf(opened), {
        seen: ["put a", "delete a", "put b"],
        refused: [
          true,
          "PATH_UNAVAILABLE",
          "Cannot open a store in a directory: a browser has no directories; use new MemoryStore(), and keep its backup() in what the browser has",
        ],
        copied: "2",
        count: 3,
        names: ["MemoryStore", "SledStore", false],
        versions: 2,
      });
      assert.deepEqual(opened.errors, []);
    });
  }),
);

nodeTest("the file for browsers imports nothing, has every name of the module, and is small", () =>
  withDirectory(async (directory) => {
    const module = Object.keys(await import("../../../mod.ts")).sort();
    const limit = 97_000;
    for (const format of ["esm", "cjs"] as const) {
      const { outputs } = await bundleBrowser(directory, format);
      const [file, output] = Object.entries(outputs).find(([name]) => /\.c?js$/.test(name)) ?? [];
      assert.ok(file && output);
      assert.deepEqual(output.imports, [], file);
      assert.ok(output.bytes <= limit, `${file} has ${output.bytes} bytes`);
      const exported = Object.keys(await import(join(directory, format === "esm" ? "browser.js" : "browser.cjs")));
      const own = exported.filter((name) => !["default", "module.exports", "__esModule"].includes(name));
      assert.deepEqual(own.sort(), module, file);
    }
  }),
);

nodeTest("what needs a directory is refused in a browser, with a reason", async () => {
  const browser = await import("../../../src/browser.ts");
  const { StoreError } = browser;
  const isRefusal = (error: unknown) => {
    assert.ok(error instanceof StoreError && error.code === "PATH_UNAVAILABLE", String(error));
    assert.match(error.message, /^Cannot .*: a browser has no directories; use new MemoryStore\(\)/);
    return true;
  };
  for (const call of [browser.open, browser.exists, browser.destroy]) await assert.rejects(call("data"), isRefusal);
  assert.throws(() => browser.defaultConfig("data"), isRefusal);
  for (const Class of [browser.SledStore, browser.NodeFileSystem, browser.MemoryFileSystem]) {
    assert.throws(() => new Class(), isRefusal);
  }
  const store = new browser.MemoryStore();
  await store.put("key", "value");
  assert.equal(await store.count(), 1);
  await store.close();
});

nodeTest("without a browser the helper says what to install", () => {
  assert.equal(chromiumProgram(["/no/such/browser"]) ?? process.env.CHROMIUM, process.env.CHROMIUM);
});
