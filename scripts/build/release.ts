/**
 * Builds the files of a release into `dist/release`: the tarball, its bill of materials, the engine, and their digests.
 *
 * npx node scripts/build.ts release                 # to look at them
 * npx node scripts/build.ts release --tag v0.1.0    # to publish them: refuses what is not ready
 *
 * @module
 */

import { join, relative } from "node:path";
import { maybe, readOptions } from "../lib/options.ts";
import { readPublisher } from "../lib/package/publisher.ts";
import { buildRelease, checkRelease } from "../lib/package/release.ts";
import { ROOT } from "../lib/runtimes.ts";

const { tag } = readOptions({ tag: maybe("the tag of the commit; checks that everything is ready to publish") });
const publisher = readPublisher();
checkRelease({ tag, publisher });
const files = await buildRelease(join(ROOT, "dist", "release"), publisher);
for (const file of files) console.log(relative(ROOT, file));
