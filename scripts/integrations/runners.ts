/**
 * Runs one suite with each test runner, on a store on disk and on a MemoryStore, with fake timers.
 *
 * @module
 */

import { binary } from "../lib/runtimes.ts";
import { WORK } from "./app.ts";
import { type Outcome, toolVersionOf, YES } from "./bundlers.ts";
import type { Project } from "./project.ts";
import { tool, toolVersion } from "./tools.ts";

/** One way to run the suite. */
export interface TestRunner {
  readonly name: string;
  readonly version: () => string;
  readonly command: readonly [string, ...string[]];
  /** The output of a successful run. A failed run must not print it. */
  readonly passed: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

/** The imports of a suite, and its calls to begin and end fake timers. */
interface Dialect {
  readonly file: string;
  readonly head: string;
  readonly fake: string;
  readonly real: string;
}

/** Has no types, because it is also run as JavaScript. The runner's clock stops from `fake` to `real`. */
const suite = ({ head, fake, real }: Dialect): string => `${head}

const text = (bytes) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));

async function use(store) {
  await store.put("key", "value");
  await Promise.all(Array.from({ length: 300 }, (_, i) => store.put("n/" + i, String(i))));
  await store.batch([{ type: "put", key: "a", value: Buffer.from("1") }, { type: "delete", key: "n/0" }]);
  const left = await store.transaction(async (tx) => {
    tx.put("b", text(await tx.get("a")) + "2");
    return await tx.count({ prefix: "n/" });
  });
  let seen = 0;
  for await (const [key] of store.entries({ prefix: "n/" })) seen += key.length > 2 ? 1 : 0;
  const changes = Array.from([], String);
  for await (const { key } of store.watch({ gte: "a", lte: "b" }, { since: 0 })) if (changes.push(key) === 2) break;
  const { entries } = await inspectBackup(store.backup());
  await store.compact();
  await store.close();
  const error = await store.get("key").catch((error) => error);
  return [left, seen, changes.join(), Number(entries), error instanceof StoreError, error.code].join(" ");
}

const EXPECTED = "299 299 a,b 302 true STORE_CLOSED";

test("a store on disk, with fake timers", async () => {
  const directory = mkdtempSync(join(tmpdir(), "luge-runner-"));
  ${fake}
  try {
    const store = await open(directory);
    const locked = await open(directory).catch((error) => error);
    expect(locked.code).toBe("STORE_LOCKED");
    expect(await use(store)).toBe(EXPECTED);
    const again = await open(pathToFileURL(directory));
    expect(text(await again.get("b"))).toBe("12");
    await again.close();
    const missing = await open({ path: join(directory, "LUGE", "x") }).catch((error) => error);
    expect(missing.code).toBe("PATH_NOT_DIRECTORY");
  } finally {
    ${real}
    rmSync(directory, { recursive: true, force: true });
  }
});

${WORK}
test("a store with a worker thread, with fake timers", async () => {
  const directory = mkdtempSync(join(tmpdir(), "luge-runner-"));
  ${fake}
  try {
    expect(await work(directory)).toBe("worked");
  } finally {
    ${real}
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a MemoryStore, with fake timers", async () => {
  ${fake}
  try {
    expect(await use(new MemoryStore())).toBe(EXPECTED);
  } finally {
    ${real}
  }
});
`;

const NODE_IMPORTS = `import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";`;
const LUGE = "inspectBackup, MemoryStore, open, StoreError";
const JEST_FAKES = { fake: "jest.useFakeTimers();", real: "jest.useRealTimers();" };

/** For a file that Node runs itself, with sinon. */
const NODE_TEST = `import test from "node:test";
import assert from "node:assert/strict";
import sinon from "sinon";
const expect = (actual) => ({ toBe: (expected) => assert.deepEqual(actual, expected) });`;

const DIALECTS: readonly Dialect[] = [
  {
    file: "jest-esm/suite.spec.mjs",
    head: `import { jest } from "@jest/globals";\n${NODE_IMPORTS}\nimport { ${LUGE} } from "@luge/luge";`,
    ...JEST_FAKES,
  },
  {
    file: "jest-cjs/suite.spec.cjs",
    head: `${NODE_IMPORTS.replace(/import (.*) from (.*);/g, "const $1 = require($2);")}\nconst { ${LUGE} } = require("@luge/luge");`,
    ...JEST_FAKES,
  },
  {
    file: "ts-jest/suite.spec.ts",
    // Only the typed part is type-checked.
    head: `${NODE_IMPORTS}\nimport { ${LUGE}, type Store } from "@luge/luge";\ndeclare const jest: any, test: any, expect: any;
export const typed = (store: Store): Promise<Uint8Array | undefined> => store.get("key");`,
    ...JEST_FAKES,
  },
  {
    file: "vitest/suite.spec.mjs",
    head: `import { expect, test, vi } from "vitest";\n${NODE_IMPORTS}\nimport { ${LUGE} } from "@luge/luge";`,
    fake: `vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate", "Date", "performance", "queueMicrotask"] });`,
    real: "vi.useRealTimers();",
  },
  {
    file: "bun/suite.spec.mjs",
    head: `import { expect, jest, test } from "bun:test";\n${NODE_IMPORTS}\nimport { ${LUGE} } from "@luge/luge";`,
    fake: "jest.useFakeTimers?.(); jest.setSystemTime(0);",
    real: "jest.setSystemTime(); jest.useRealTimers?.();",
  },
  {
    file: "node/suite.spec.mjs",
    head: `${NODE_TEST}\n${NODE_IMPORTS}\nimport { ${LUGE} } from "@luge/luge";`,
    fake: `const clock = sinon.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate", "Date", "performance", "queueMicrotask"] });`,
    real: "clock.restore();",
  },
];

/** Runs the CommonJS form in a separate realm, as test runners do that isolate files. */
const REALM = `const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { dirname } = require("node:path");
const vm = require("node:vm");
// luge needs those that docs/guide/09-testing.md names. The suite itself needs Buffer.
const WEB = ["TextEncoder", "TextDecoder", "URL", "performance", "queueMicrotask", "console", "atob", "AbortSignal",
  "ReadableStream", "process", "Buffer"];
const context = vm.createContext(Object.fromEntries(WEB.map((name) => [name, globalThis[name]])));
const loaded = new Map();
function load(file) {
  if (loaded.has(file)) return loaded.get(file).exports;
  const module = { exports: {} };
  loaded.set(file, module);
  const outer = createRequire(file);
  const inner = (name) => (name.startsWith(".") || name.startsWith("@luge") ? load(outer.resolve(name)) : outer(name));
  const run = vm.runInContext("(function (exports, require, module, __filename, __dirname) {" + readFileSync(file, "utf8") + "\\n})", context);
  run(module.exports, inner, module, file, dirname(file));
  return module.exports;
}
if (vm.runInContext("Error", context) === Error) throw new Error("this is no realm");
load(__dirname + "/suite.cjs").then(() => console.log("passed in a realm"), (error) => {
  console.error(error);
  process.exit(1);
});`;

const REALM_SUITE: Dialect = {
  file: "realm/suite.cjs",
  head: `${NODE_IMPORTS.replace(/import (.*) from (.*);/g, "const $1 = require($2);")}
const { ${LUGE} } = require("@luge/luge");
const assert = require("node:assert");
const expect = (actual) => ({ toBe: (expected) => assert.equal(actual, expected) });
const tests = [];
const test = (name, run) => tests.push(run);
module.exports = Promise.resolve().then(async () => {
  for (const run of tests) await run();
});`,
  fake: "",
  real: "",
};

const JEST = {
  testMatch: ["**/*.spec.*"],
  transform: {},
  moduleFileExtensions: ["mjs", "cjs", "js", "ts", "json", "node"],
};
const TS_JEST = { ...JEST, transform: { "\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json" }] } };
const TS_CONFIG = {
  compilerOptions: {
    module: "commonjs",
    moduleResolution: "node10",
    target: "es2022",
    lib: ["es2022", "esnext.disposable", "dom"],
    strict: true,
    noImplicitAny: false,
    types: ["node"],
  },
};
const VITEST = 'export default { test: { include: ["*.spec.mjs"] } };';

const jest = (name: string, config: object, ...options: string[]): readonly [string, ...string[]] => [
  binary("node"),
  ...options,
  tool("jest"),
  `--rootDir=${name}`,
  `--config=${JSON.stringify(config)}`,
  "--runInBand",
];
const npm = (name: string) => () => toolVersion(name);
const JEST_PASSED = /Tests: +3 passed, 3 total/;

/** All test runners that the gate tries. */
export const RUNNERS: readonly TestRunner[] = [
  {
    name: "Jest, ESM",
    version: npm("jest"),
    command: jest("jest-esm", JEST, "--experimental-vm-modules", "--no-warnings"),
    passed: JEST_PASSED,
  },
  { name: "Jest, CommonJS", version: npm("jest"), command: jest("jest-cjs", JEST), passed: JEST_PASSED },
  {
    name: "Jest, CommonJS with ts-jest",
    version: npm("ts-jest"),
    command: jest("ts-jest", TS_JEST),
    passed: JEST_PASSED,
  },
  {
    name: "Vitest",
    version: npm("vitest"),
    command: [tool("vitest"), "run", "--root=vitest"],
    passed: /Tests +3 passed \(3\)/,
  },
  {
    name: "bun test",
    version: () => toolVersionOf(binary("bun")),
    command: [binary("bun"), "test", "./bun/suite.spec.mjs"],
    passed: /3 pass\n +0 fail/,
  },
  {
    name: "node:test with sinon",
    version: () => toolVersionOf(binary("node")),
    command: [binary("node"), "--test", "--test-reporter=spec", "node/suite.spec.mjs"],
    passed: /pass 3\n.*fail 0/,
  },
  {
    name: "a realm of node:vm",
    version: () => toolVersionOf(binary("node")),
    command: [binary("node"), "realm/realm.cjs"],
    passed: /^passed in a realm/,
  },
];

/** Writes the suites into a project. */
export function writeSuites(project: Project): void {
  for (const dialect of [...DIALECTS, REALM_SUITE]) project.write(dialect.file, suite(dialect));
  project.write("realm/realm.cjs", REALM);
  project.write("ts-jest/tsconfig.json", JSON.stringify(TS_CONFIG));
  project.write("vitest/vitest.config.mjs", VITEST);
}

/** Runs the suite. */
export function runSuite(project: Project, { name, version, command, passed, env = {} }: TestRunner): Outcome {
  const [program, ...args] = command;
  let ran = YES;
  try {
    const output = project.run(program, args, env);
    if (!passed.test(output)) ran = output;
  } catch (error) {
    ran = (error as Error).message;
  }
  return { name, version: version(), built: YES, ran, sizeBytes: undefined };
}
