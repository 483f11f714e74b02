/**
 * All routes.
 *
 * @module
 */

import type { Route } from "../route.ts";
import { backups, makeBackup, restoreBackup } from "./backups.ts";
import { changes } from "./changes.ts";
import { exported } from "./export.ts";
import { history } from "./history.ts";
import { keys, landmarks, size } from "./keys.ts";
import { compact, verify } from "./maintenance.ts";
import { metrics, slow } from "./metrics.ts";
import { place } from "./place.ts";
import { count, search } from "./search.ts";
import { division, tree } from "./tree.ts";
import { value, versions } from "./value.ts";
import { batch, preview, put, remove, removeRange } from "./writes.ts";

/** All routes. Their names are all paths below `/api/`. */
export const ROUTES: readonly Route[] = [
  place,
  keys,
  size,
  landmarks,
  division,
  tree,
  count,
  search,
  value,
  versions,
  history,
  changes,
  metrics,
  slow,
  verify,
  exported,
  preview,
  put,
  batch,
  remove,
  removeRange,
  compact,
  backups,
  makeBackup,
  restoreBackup,
];
