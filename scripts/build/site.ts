/**
 * Builds the site into `dist/site`, and checks its links. Open it with any server of files, or publish the folder.
 *
 * npm run site
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { format } from "@std/fmt/bytes";
import { flag, readOptions } from "../lib/options.ts";
import { readPublisher } from "../lib/package/publisher.ts";
import { ROOT } from "../lib/runtimes.ts";
import { buildSite } from "../lib/site/build.ts";
import { checkLinks } from "../lib/site/links.ts";

const values = readOptions({ quick: flag("leave out the reference, which takes most of the time") });
const directory = join(ROOT, "dist", "site");
const built = await buildSite(directory, { publisher: readPublisher(), reference: !values.quick });
console.log(
  `${built.pages} pages, ${built.sections} sections in the search, its index has ${format(built.indexBytes)}`,
);
const { pages, links, outside, broken } = checkLinks(directory);
// Without the reference, the links to it lead nowhere.
const wrong = values.quick ? broken.filter((link) => !/: (?:\.\.\/)?reference\//.test(link)) : broken;
console.log(`${links} links in ${pages} files, ${wrong.length} broken; ${outside} to elsewhere, not followed`);
for (const link of wrong) console.error(link);
if (wrong.length > 0) process.exitCode = 1;
else console.log(join(directory, "index.html"));
