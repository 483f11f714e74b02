/**
 * The module must not depend on a realm or on fake clocks.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";

/** The code of the module, without comments. The command line and its studio have their own
 * process, and so their own realm. */
const sources = globSync("src/**/*.ts", { cwd: ROOT })
  .filter((file) => !/^src\/(?:cli|studio)\//.test(file))
  .map((file) => ({ file, code: readFileSync(join(ROOT, file), "utf8").replace(/^\s*(?:\/?\*|\/\/).*$/gm, "") }));

/** The second takes the place of the first in bundles for runtimes without modules of Node. */
const CLOCKS = ["src/clock.ts", "src/servers/edge/clock.ts"];

nodeTest("no value of a caller or a runtime is recognised by `instanceof` of a built-in", () => {
  // Objects that the module itself creates, or that are also checked in another way.
  const allowed: Readonly<Record<string, readonly string[]>> = {
    "src/adapters/level/keys.ts": ["Uint8Array"],
    "src/fs/memory.ts": ["Map"],
    "src/realm.ts": ["Uint8Array"],
  };
  const found = sources.flatMap(({ file, code }) =>
    [...code.matchAll(/instanceof ([A-Z][\w.]*)/g)]
      .map(([, name = ""]) => name)
      .filter((name) => (name.split(".")[0] ?? "") in globalThis && !allowed[file]?.includes(name))
      .map((name) => `${file}: instanceof ${name}`),
  );
  assert.deepEqual(found, []);
});

nodeTest("time and timers come from the clock that was taken when the module was loaded", () => {
  const used = sources
    // Adapters calculate with times that callers took from their own clock, such as the expiry of a cookie.
    .filter(({ file }) => !CLOCKS.includes(file) && !file.startsWith("src/adapters/"))
    .filter(({ code }) => /\bDate\.now\b|\bperformance\.|from "node:timers|\bglobalThis\.(?:set|queue)/.test(code));
  assert.deepEqual(
    used.map(({ file }) => file),
    [],
  );
  const global = /(?<![.#\w])(?:setTimeout|setInterval|setImmediate|clearTimeout|clearInterval|queueMicrotask)\(/;
  const unimported = sources.filter(
    ({ file, code }) => !CLOCKS.includes(file) && global.test(code) && !/from "\.\.?\/(?:\.\.\/)*clock\.ts"/.test(code),
  );
  assert.deepEqual(
    unimported.map(({ file }) => file),
    [],
  );
});

nodeTest(
  "loading the module loads neither the standard streams nor the performance hooks, which cost Node 6 ms",
  () => {
    const heavy = sources.filter(({ code }) =>
      /from "node:(?:process|perf_hooks)"|\bglobalThis\.performance\b/.test(code),
    );
    assert.deepEqual(
      heavy.map(({ file }) => file),
      [],
    );
  },
);
