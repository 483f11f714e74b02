/**
 * Whole commits as bytes: one engine lists them, another one applies them. So a replica of a store is made.
 *
 * Only shared stores use this. In the package it is in their file, and works on engines of the module. So it uses no
 * property whose name the package shortens: see scripts/lib/package/smaller.ts.
 *
 * @module
 */

import { concat } from "../bytes.ts";
import { clock } from "../clock.ts";
import type { EngineCalls } from "./calls.ts";
import { NO_VALUE, Status, VERSIONED_HEADER_BYTES } from "./interface.ts";

/** Bytes of a page, and how many entries it looks at, unless its first commit has more. */
const PAGE_BYTES = 128 * 1024;
const PAGE_VISITS = 8192;
/** By how much a page grows that is too small for one commit. */
const GROWTH = 4;
/** A larger page does not fit into a message. */
const MOST_BYTES = 512 * 1024 * 1024;

/** Some whole commits. */
export interface CommitPage {
  /** There are no more commits up to this version. */
  readonly until: number;
  /** How many entries there are. */
  readonly count: number;
  /** A page with versions: see docs/design/engine_interface.md. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The commits after a version and up to another one, as many as a page has. `undefined` if some are not in memory any more. */
export function commitsAfter(calls: EngineCalls, after: number, until: number): CommitPage | undefined {
  const { memory } = calls;
  for (let most = PAGE_BYTES, visits = PAGE_VISITS; most <= MOST_BYTES; most *= GROWTH, visits *= GROWTH) {
    // At no time a value has expired: the replica decides that itself, when it is read.
    const list = () => calls.exports.luge_commits(0, 0, 0, 0, most, visits, after + 1, until, 0);
    const status = calls.run("read", list);
    if (status === Status.NotFound) return undefined;
    const { replyCount: count } = memory;
    const bytes = memory.reply();
    const page = status === Status.More ? wholeCommits(bytes, count) : { until, count, bytes };
    if (page) return page;
  }
  return undefined;
}

/** Applies commits, whose versions are above all before. */
export function applyCommits(calls: EngineCalls, { until, count, bytes }: CommitPage): void {
  calls.memory.request(bytes, undefined);
  calls.run("follow", () => calls.exports.luge_apply(bytes.length, count, until, clock.now()));
}

/** The page without its last commit, of which more may follow. `undefined` if nothing is left. */
function wholeCommits(bytes: Uint8Array<ArrayBuffer>, count: number): CommitPage | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const versionOf = (i: number) => view.getFloat64(i * VERSIONED_HEADER_BYTES + 8, true);
  let whole = count - 1;
  while (whole > 0 && versionOf(whole - 1) === versionOf(count - 1)) whole -= 1;
  if (whole <= 0) return undefined;
  let [keys, wholeKeys, wholeValues] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    keys += view.getUint32(i * VERSIONED_HEADER_BYTES, true);
    if (i >= whole) continue;
    wholeKeys = keys;
    const length = view.getUint32(i * VERSIONED_HEADER_BYTES + 4, true);
    wholeValues += length === NO_VALUE ? 0 : length;
  }
  const keysAt = count * VERSIONED_HEADER_BYTES;
  const valuesAt = keysAt + keys;
  const left = concat(
    concat(bytes.subarray(0, whole * VERSIONED_HEADER_BYTES), bytes.subarray(keysAt, keysAt + wholeKeys)),
    bytes.subarray(valuesAt, valuesAt + wholeValues),
  );
  return { until: versionOf(whole - 1), count: whole, bytes: left };
}
