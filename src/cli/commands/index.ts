/**
 * All commands, in the order of the help.
 *
 * @module
 */

import type { CliCommand } from "../command.ts";
import { backup } from "./backup.ts";
import { bench } from "./bench.ts";
import { compact } from "./compact.ts";
import { copy } from "./copy.ts";
import { count } from "./count.ts";
import { del } from "./delete.ts";
import { dump } from "./dump.ts";
import { fork } from "./fork.ts";
import { get } from "./get.ts";
import { importEntries } from "./import.ts";
import { kv } from "./kv.ts";
import { load } from "./load.ts";
import { put } from "./put.ts";
import { repl } from "./repl.ts";
import { restore } from "./restore.ts";
import { scan } from "./scan.ts";
import { serve } from "./serve.ts";
import { stats } from "./stats.ts";
import { studio } from "./studio.ts";
import { verify } from "./verify.ts";
import { versions } from "./versions.ts";
import { watch } from "./watch.ts";

/** All commands. Their examples print what they show when they run in this order. */
export const COMMANDS: readonly CliCommand[] = [
  put,
  get,
  scan,
  count,
  del,
  versions,
  dump,
  load,
  importEntries,
  watch,
  backup,
  restore,
  copy,
  fork,
  verify,
  stats,
  compact,
  bench,
  repl,
  studio,
  serve,
  kv,
];
