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
    // Whoever asks twice does not want to wait.
    if (interruption.signal.aborted) process.exit(ExitCode.interrupted);
    interruption.abort();
  });
}

const output = new Output(process.stdout);
const code = await run(() => process.argv.slice(2), { output, tell: console.error, signal: interruption.signal });
// Standard input may be open still, and would keep the process.
process.exit(code);
