/**
 * Builds `lib/`, which `npm pack`, `npm publish` and a git install take: npm runs it before these, as the `prepare` script, and
 * never for users who install the package from a registry. `npm ci` leaves it out: whoever works on the project needs no `lib/`.
 *
 * @module
 */

import process from "node:process";
import { readOptions } from "../lib/options.ts";
import { buildLibrary } from "../lib/package.ts";
import { ROOT } from "../lib/runtimes.ts";

readOptions({});
if (process.env.npm_command !== "ci") await buildLibrary(ROOT);
