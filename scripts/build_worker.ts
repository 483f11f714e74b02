/**
 * Writes `src/fs/worker/worker_code.ts`: the code of the worker thread as text. So it is in every bundle of the module.
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
import { WORKER_MODULE, workerModule } from "./lib/worker_code.ts";

describeProgram("scripts/build_worker.ts", "Writes the code of the worker thread as text.");
const { check } = readOptions({ check: flag("compare, and change nothing") });
const file = join(ROOT, WORKER_MODULE);
const text = await workerModule();
if (!check) writeFileSync(file, text);
else if (readFileSync(file, "utf8") !== text) {
  throw new Error(`${WORKER_MODULE} does not match src/fs/worker/main.ts. Run 'node scripts/build_worker.ts'`);
}
