/**
 * The command line as a process on the runtime of the tests.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { buildPrograms } from "../../scripts/lib/package/programs.ts";
import { launcher } from "../../scripts/lib/runtimes.ts";
import type { Ended } from "./command.ts";
import { RUNTIME } from "./runtime.ts";

/** The published command line. It is built before the tests of a file and removed after them. */
export function publishedCommand(): { start(words: readonly string[], cwd: string): ChildProcess } {
  const directory = mkdtempSync(join(tmpdir(), "luge-command-"));
  before(() => buildPrograms(directory));
  after(() => rmSync(directory, { recursive: true, force: true }));
  return {
    start: (words, cwd) => {
      const [command, flags] = launcher(RUNTIME);
      return spawn(command, [...flags, join(directory, "luge.js"), ...words], { cwd, stdio: "pipe" });
    },
  };
}

/** The exit code of a process, once the process and its streams have ended. */
export async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  // A parent on Deno takes its child's exit code 130 for death by the signal.
  return RUNTIME === "deno" && signal === "SIGINT" ? 130 : code;
}

/** The end of a process, with its output as bytes. */
export async function endOf(child: ChildProcess, input?: Uint8Array | string): Promise<Ended & { bytes: Buffer }> {
  const [output, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on("data", (piece) => output.push(piece));
  child.stderr?.on("data", (piece) => errors.push(piece));
  const closed = exitCodeOf(child);
  // A command that does not read its input may have ended before the input is written.
  child.stdin?.on("error", () => {});
  if (input !== undefined) child.stdin?.end(input);
  const code = await closed;
  const bytes = Buffer.concat(output);
  return { code, output: bytes.toString(), errors: Buffer.concat(errors).toString(), bytes };
}
