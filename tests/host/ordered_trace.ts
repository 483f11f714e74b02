/**
 * Checks the order in which operations reach the disk against the order in which they were asked for.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Lane } from "../../src/host/lanes.ts";
import type { Reached } from "../support/held_syncs.ts";

/** What was asked for, when this much had reached the disk. */
export interface Asked {
  readonly at: number;
  readonly lane: Lane;
  readonly name: "write" | "truncate" | "cut" | "sync" | "syncDirectory" | "rename" | "remove";
  readonly path: string;
  readonly to?: string;
  readonly position?: number;
  /** Of a write: as many as were taken. */
  bytes?: Uint8Array;
}

/** What must hold when this much had reached the disk: in the lane so many operations were done, or all. */
export interface Promised {
  readonly at: number;
  readonly lane: Lane;
  readonly done: number | "all";
}

/** How an off-thread sync appears when it starts. */
const STARTS: Readonly<Record<string, Asked["name"]>> = { begin: "sync", beginDirectory: "syncDirectory" };

class LaneTrace {
  readonly waiting: (Asked & { readonly after: number })[] = [];
  running: { readonly sync: number | undefined; readonly name: Asked["name"]; readonly path: string } | undefined;
  written = 0;
  asked = 0;
  done = 0;
  syncsAsked = 0;
  syncsDone = 0;

  finishSync(): void {
    this.running = undefined;
    this.done += 1;
    this.syncsDone += 1;
  }
}

/** Throws when `reached` is not an order that `asked` allows, or breaks a promise. */
export function checkTrace(asked: readonly Asked[], reached: readonly Reached[], promised: readonly Promised[]): void {
  const lanes = { log: new LaneTrace(), table: new LaneTrace() };
  let [nextAsked, nextPromised] = [0, 0];
  for (let at = 0; at <= reached.length; at++) {
    for (; promised[nextPromised]?.at === at; nextPromised++) checkPromise(lanes, promised[nextPromised]);
    for (let each = asked[nextAsked]; each?.at === at; each = asked[++nextAsked]) ask(lanes, each);
    const one = reached[at];
    if (one) reach(lanes, one, at);
  }
  assert.equal(nextAsked, asked.length);
  assert.equal(nextPromised, promised.length);
}

type Lanes = Readonly<Record<Lane, LaneTrace>>;

function ask(lanes: Lanes, asked: Asked): void {
  const lane = lanes[asked.lane];
  lane.waiting.push({ ...asked, after: asked.lane === "table" ? lanes.log.syncsAsked : 0 });
  lane.asked += 1;
  if (asked.name === "sync" || asked.name === "syncDirectory") lane.syncsAsked += 1;
}

function checkPromise(lanes: Lanes, promise: Promised | undefined): void {
  if (!promise) return;
  const { asked, done } = lanes[promise.lane];
  const least = promise.done === "all" ? asked : promise.done;
  assert.ok(done >= least, `${promise.lane}: ${done} operations of ${least} done, at ${promise.at}`);
}

function reach(lanes: Lanes, reached: Reached, at: number): void {
  if (reached.name === "create" || reached.name === "close") return;
  if (reached.name === "end") {
    for (const lane of Object.values(lanes)) if (lane.running?.sync === reached.sync) lane.finishSync();
    return;
  }
  // The sync of a directory can belong to either; the log goes first.
  const explained = takes(lanes.log, reached, lanes.log) || takes(lanes.table, reached, lanes.log);
  assert.ok(explained, `Nothing allows ${reached.name} ${reached.path} at ${at}`);
}

/** Whether the lane may do this now; if so, it has. */
function takes(lane: LaneTrace, reached: Reached, log: LaneTrace): boolean {
  if (lane.running) {
    const again = lane.running.name === reached.name && lane.running.path === reached.path;
    if (again) lane.finishSync();
    return again;
  }
  const next = lane.waiting[0];
  if (!next || next.after > log.syncsDone) return false;
  const name = STARTS[reached.name] ?? reached.name;
  if (next.name !== name || next.path !== reached.path || next.to !== reached.to) return false;
  if (next.name === "write") return takesWrite(lane, next, reached);
  if (next.position !== reached.position) return false;
  lane.waiting.shift();
  if (reached.name !== name) lane.running = { sync: reached.sync, name: next.name, path: next.path };
  else if (next.name === "sync" || next.name === "syncDirectory") lane.finishSync();
  else lane.done += 1;
  return true;
}

/** A part of a write, or all. */
function takesWrite(lane: LaneTrace, next: Asked, reached: Reached): boolean {
  const [all, part] = [next.bytes ?? new Uint8Array(0), reached.bytes ?? new Uint8Array(0)];
  if (reached.position !== (next.position ?? 0) + lane.written) return false;
  assert.deepEqual(part, all.slice(lane.written, lane.written + part.length));
  lane.written += part.length;
  if (lane.written < all.length) return true;
  lane.written = 0;
  lane.waiting.shift();
  lane.done += 1;
  return true;
}
