/**
 * All cases of a replay, in the order of the output.
 *
 * @module
 */

import { BOUNDS } from "./bounds.ts";
import type { Case } from "./case.ts";
import { DIRECTORIES } from "./directories.ts";
import { LIVES } from "./lives.ts";
import { OPTIONS } from "./options.ts";
import { VALUES } from "./values.ts";
import { WATCHES } from "./watches.ts";

/** All cases. */
export const CASES: readonly Case[] = [...DIRECTORIES, ...OPTIONS, ...VALUES, ...LIVES, ...WATCHES, ...BOUNDS];
