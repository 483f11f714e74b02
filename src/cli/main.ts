#!/usr/bin/env node
/**
 * The command `luge`: see `program.ts`.
 *
 * @module
 */

import process from "node:process";
import { ExitCode } from "./exit_codes.ts";
import { Output } from "./output.ts";
import { run } from "./program.ts";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A second Ctrl-C exits at once.
    if (interruption.signal.aborted) process.exit(ExitCode.interrupted);
    interruption.abort();
  });
}

const output = new Output(process.stdout);
const code = await run(() => process.argv.slice(2), { output, tell: console.error, signal: interruption.signal });
// Standard input may still be open, and would keep the process alive.
process.exit(code);
