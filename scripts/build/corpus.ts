/**
 * Writes the first inputs of the fuzz targets. Some are cut from the golden stores, others come from the encoders. The
 * inputs are the same each time. Files named `found-*` come from a fuzzer, and stay.
 *
 * ```sh
 * node scripts/build.ts corpus       # writes engine/fuzz/corpus and tests/backup/corpus
 * ```
 *
 * @module
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOptions } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { backups } from "./corpus/backups.ts";
import { blocks } from "./corpus/blocks.ts";
import { records } from "./corpus/records.ts";
import { requests } from "./corpus/requests.ts";

function write(inputs: Record<string, Uint8Array>, ...path: string[]): void {
  const folder = join(ROOT, ...path);
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(folder, name), bytes);
}

readOptions({});
write(records(), "engine", "fuzz", "corpus", "record");
write(blocks(), "engine", "fuzz", "corpus", "block");
write(requests(), "engine", "fuzz", "corpus", "request");
write(await backups(), "tests", "backup", "corpus");
