/**
 * Writes the badges into the README, from `publish.json`.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOptions } from "../lib/options.ts";
import { badgesOf, withBadges } from "../lib/package/badges.ts";
import { readPublisher } from "../lib/package/publisher.ts";
import { projectManifest } from "../lib/package.ts";
import { ROOT } from "../lib/runtimes.ts";

readOptions({});
const README = join(ROOT, "README.md");
const badges = badgesOf(projectManifest().name, readPublisher());
writeFileSync(README, withBadges(readFileSync(README, "utf8"), badges));
console.log(badges === "" ? "README.md has no badges: publish.json names no repository" : badges);
