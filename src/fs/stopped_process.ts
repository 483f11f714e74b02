/**
 * Whether the kernel has stopped a process, as after SIGSTOP or Ctrl-Z. Only Linux tells.
 *
 * @module
 */

import * as fs from "node:fs";
import { fromProc, linuxProcess, type ProcessIdentity, readProc } from "./process_identity.ts";

/**
 * `"stopped"`: all threads of the process stand still. Its `mark` stays the same until one of them has run.
 * `"unknown"`: the runtime may not ask.
 */
export type Standstill =
  | { readonly state: "runs" | "gone" | "unknown" }
  | { readonly state: "stopped"; readonly mark: string };

/** The state of a process whose id has the same meaning here: see `sharesProcessIds`. */
export function standstillOf(identity: Pick<ProcessIdentity, "pid" | "started">): Standstill {
  const { pid, started } = identity;
  if (started === undefined) return { state: "unknown" };
  const before = linuxProcess(String(pid));
  // Whoever cannot read about itself cannot read about others.
  if (!before) return { state: linuxProcess("self") ? "gone" : "unknown" };
  if (before.started !== started || before.state === "Z" || before.state === "X") return { state: "gone" };
  const marks = marksOf(pid);
  // Meanwhile another process may have got the number.
  if (marks === undefined || linuxProcess(String(pid))?.started !== started) return { state: "runs" };
  return { state: "stopped", mark: marks.join(" ") };
}

/** What tells that a thread has run, for each thread; `undefined` unless all are stopped. */
function marksOf(pid: number): string[] | undefined {
  const threads = fromProc(`${pid}/task`, (path) => fs.readdirSync(path));
  if (!threads || threads.length === 0) return undefined;
  const marks: string[] = [];
  for (const thread of threads) {
    const status = readProc(`${pid}/task/${thread}/status`);
    // A small `t` is a debugger's stop: somebody is looking.
    if (!status || !/^State:\s+T\b/m.test(status)) return undefined;
    // A thread that runs and stops again is switched away from.
    const switches = status.match(/^\w*voluntary_ctxt_switches:\s*\d+$/gm);
    if (switches?.length !== 2) return undefined;
    marks.push(`${thread}:${switches.map((line) => line.replace(/\D+/g, "")).join("+")}`);
  }
  return marks;
}
