/**
 * Replays known faults, mostly from public bug reports of other stores, and prints what luge does today.
 *
 * ```sh
 * node scripts/campaign.ts replay                          # all cases, on Node, Bun and Deno
 * node scripts/campaign.ts replay --only watch             # the cases whose names contain this
 * node scripts/campaign.ts replay --runtime node --module OTHER/mod.ts    # another build of luge, to compare with
 * ```
 *
 * Each case runs in a separate process, which ends after a minute at the latest.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { readOptions, runtimes, text } from "../../lib/options.ts";
import { launcher, ROOT, type Runtime } from "../../lib/runtimes.ts";
import { CASES } from "./cases.ts";

const LIMIT_MS = 60_000;

const values = readOptions({
  only: text("only cases whose names contain this", ""),
  runtime: runtimes(),
  module: text("the module to replay them on", join(ROOT, "mod.ts"), "file"),
});
const module = resolve(values.module);

function replay(runtime: Runtime, name: string): string {
  const [command, args] = launcher(runtime);
  const program = join(import.meta.dirname, "run.ts");
  const { stdout, stderr, error } = spawnSync(command, [...args, program, name, module], {
    encoding: "utf8",
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const result = /^result: (.*)$/m.exec(stdout)?.[1];
  if (result !== undefined) return result;
  return error ? `no end within ${LIMIT_MS / 1000} s` : `ended without a result: ${stderr.trim().split("\n").at(-1)}`;
}

for (const { name, wanted } of CASES) {
  if (!name.includes(values.only)) continue;
  console.log(`${name} (wanted: ${wanted})`);
  for (const runtime of values.runtime) console.log(`  ${runtime.padEnd(5)} ${replay(runtime, name)}`);
}
