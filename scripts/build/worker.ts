/**
 * Writes the code of the worker thread as text. So it is in every bundle of the module.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOptions } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { WORKER_MODULE, workerModule } from "../lib/worker_code.ts";

readOptions({});
writeFileSync(join(ROOT, WORKER_MODULE), await workerModule());
