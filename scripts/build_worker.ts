/**
 * Writes `src/fs/worker/source.ts`: the code of the worker thread as text, so that it travels inside the module, into every bundle.
 *
 * ```sh
 * node scripts/build_worker.ts           # write it
 * node scripts/build_worker.ts --check   # compare, and change nothing
 * ```
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeProgram, flag, readOptions } from "./lib/options.ts";
import { ROOT } from "./lib/runtimes.ts";
import { WORKER_MODULE, workerModule } from "./lib/worker_source.ts";

describeProgram("scripts/build_worker.ts", "Writes the code of the worker thread as text.");
const { check } = readOptions({ check: flag("compare, and change nothing") });
const file = join(ROOT, WORKER_MODULE);
const text = await workerModule();
if (!check) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) {
  throw new Error(`${WORKER_MODULE} is not what src/fs/worker/main.ts makes. Run 'node scripts/build_worker.ts'`);
}
