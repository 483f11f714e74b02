/**
 * The shape of a route.
 *
 * @module
 */

import type { Answer } from "./answers.ts";
import type { Fields } from "./fields.ts";
import type { StudioPlace } from "./place.ts";
import type { Snapshots } from "./snapshots.ts";

/** What routes work on. */
export interface Context {
  readonly place: StudioPlace;
  readonly snapshots: Snapshots;
}

/** A request that the guard has let through. */
export interface Call extends Context {
  readonly fields: Fields;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** A route: `POST /api/<name>` with a JSON object. */
export interface Route {
  readonly name: string;
  /** Whether it changes the store or files. Then it needs `--write`. */
  readonly changes: boolean;
  /** The names of its fields. */
  readonly fields: readonly string[];
  /** The most bytes of its body. Default: enough for the keys of a range. */
  readonly bodyBytes?: number;
  readonly answer: (call: Call) => Promise<Answer> | Answer;
}
