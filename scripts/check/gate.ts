/**
 * The gate: format, lint, types, Rust checks, all tests, and the package, in one command.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import process from "node:process";
import { add, type Counts, cargoCounts, NONE, summary } from "../lib/counts.ts";
import { readOptions } from "../lib/options.ts";
import { run, type StepResult, step } from "../lib/run.ts";
import { binary, RUNTIMES } from "../lib/runtimes.ts";
import { testFiles, testOn } from "../lib/test_runtime.ts";

readOptions({});
const MANIFEST = "--manifest-path=engine/Cargo.toml";

let counts: Counts = NONE;
const results: StepResult[] = [];

async function check(name: string, work: () => Promise<boolean>): Promise<void> {
  results.push(await step(name, work));
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return (await run(command, args)).code === 0;
}

function hasCargo(): boolean {
  try {
    execFileSync("cargo", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The gate uses the same histories each time. `cargo test` alone draws new ones. */
const SEEDED = { PROPTEST_RNG_SEED: "1" };

async function testRust(): Promise<boolean> {
  const { code, output } = await run("cargo", ["test", "--locked", MANIFEST], { env: SEEDED });
  const found = cargoCounts(output);
  // Tests that do not compile have no counts, but are a failure.
  counts = add(counts, code !== 0 && found.failed === 0 ? { ...found, failed: 1 } : found);
  return code === 0 && found.passed > 0;
}

await check("format and lint", () => succeeds(binary("biome"), ["ci", "--colors=off", "--error-on-warnings", "."]));
await check("types", () => succeeds(binary("tsc"), ["-p", "."]));
await check("documentation of every public name", () => succeeds(binary("deno"), ["doc", "--lint", "mod.ts"]));
await check("the site, and every link in it", () => succeeds(binary("node"), ["scripts/build.ts", "site"]));
await check("types of the examples for Bun", () => succeeds(binary("tsc"), ["-p", "tsconfig.bun.json"]));
await check("types of the example and the tests for Deno", () =>
  succeeds(binary("deno"), ["check", "examples/deno_server.ts", "examples/orders_server.ts", "tests/deno/"]),
);

if (hasCargo()) {
  await check("Rust format", () => succeeds("cargo", ["fmt", "--check", MANIFEST]));
  await check("Rust lint", () =>
    succeeds("cargo", ["clippy", "--locked", "--all-targets", MANIFEST, "--", "-D", "warnings"]),
  );
  await check("Rust tests", testRust);
} else if (process.env.CI) {
  await check("Rust checks: no cargo on this machine", async () => false);
} else {
  console.warn("── Rust checks: SKIPPED, there is no cargo on this machine");
}

for (const runtime of RUNTIMES) {
  await check(`tests on ${runtime}`, async () => {
    const found = await testOn(runtime, testFiles(""));
    counts = add(counts, found);
    console.log(`${runtime}: ${summary(found)}`);
    return found.failed === 0;
  });
}

console.table(
  results.map(({ name, ok, seconds }) => ({
    step: name,
    result: ok ? "passed" : "FAILED",
    seconds: Math.round(seconds),
  })),
);
if (results.some(({ ok }) => !ok)) process.exitCode = 1;
console.log(summary(counts));
