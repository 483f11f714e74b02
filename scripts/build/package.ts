/**
 * Builds the package into `dist/package` and packs it into `dist`.
 *
 * @module
 */

import { join } from "node:path";
import { format } from "@std/fmt/bytes";
import { readOptions } from "../lib/options.ts";
import { buildPackage, packPackage } from "../lib/package.ts";
import { ROOT } from "../lib/runtimes.ts";

readOptions({});
const DIST = join(ROOT, "dist");

await buildPackage(join(DIST, "package"));
const { path, sizeBytes, unpackedBytes, files } = packPackage(join(DIST, "package"), DIST);
console.log(`${path}: ${files.length} files, ${format(sizeBytes)}, ${format(unpackedBytes)} unpacked`);
