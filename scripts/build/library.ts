/**
 * Builds `lib/`, for `npm pack`, `npm publish` and git installs. npm runs it before these, as the `prepare` script. It
 * never runs for users who install the package from a registry. `npm ci` skips it: work on the project needs no `lib/`.
 *
 * @module
 */

import process from "node:process";
import { readOptions } from "../lib/options.ts";
import { buildLibrary } from "../lib/package.ts";
import { ROOT } from "../lib/runtimes.ts";

readOptions({});
if (process.env.npm_command !== "ci") await buildLibrary(ROOT);
