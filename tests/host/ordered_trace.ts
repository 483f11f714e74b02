/**
 * Compares the order of the operations on the disk with the order of the requests.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Lane } from "../../src/host/lanes.ts";
import type { Reached } from "../support/held_syncs.ts";

/** A request. `at` is how many operations had reached the disk. */
export interface Asked {
  readonly at: number;
  readonly lane: Lane;
  readonly name: "write" | "truncate" | "cut" | "sync" | "syncDirectory" | "rename" | "remove";
  readonly path: string;
  readonly to?: string;
  readonly position?: number;
  /** For a write: the bytes that were accepted. */
  bytes?: Uint8Array;
}

/** A promise at a moment: so many operations of the lane were done, or all of them. */
export interface Promised {
  readonly at: number;
  readonly lane: Lane;
  readonly done: number | "all";
}

/** The operation at the start of an off-thread sync. */
const STARTS: Readonly<Record<string, Asked["name"]>> = { begin: "sync", beginDirectory: "syncDirectory" };

/** A request in a lane. `after` is how many syncs of the log must be done before. */
interface LaneAsked {
  readonly list: (Asked & { readonly after: number })[];
  syncs: number;
}

/** The progress of a lane, by one explanation of the operations on the disk. */
interface LaneState {
  /** How many requests have begun. */
  readonly taken: number;
  readonly done: number;
  readonly syncsDone: number;
  /** How many bytes of the next write are done. */
  readonly written: number;
  readonly running?: { readonly sync: number | undefined; readonly name: Asked["name"]; readonly path: string };
}

type Both<T> = Readonly<Record<Lane, T>>;
type State = Both<LaneState>;

const START: LaneState = { taken: 0, done: 0, syncsDone: 0, written: 0 };

/** Throws if `asked` does not allow the order of `reached`, or if a promise is broken. */
export function checkTrace(asked: readonly Asked[], reached: readonly Reached[], promised: readonly Promised[]): void {
  const lanes: Both<LaneAsked> = { log: { list: [], syncs: 0 }, table: { list: [], syncs: 0 } };
  // The sync of a directory can belong to either lane, so there may be several explanations.
  let states: State[] = [{ log: START, table: START }];
  let [nextAsked, nextPromised] = [0, 0];
  for (let at = 0; at <= reached.length; at++) {
    for (let each = promised[nextPromised]; each?.at === at; each = promised[++nextPromised]) {
      states = keep(lanes, states, each);
    }
    for (let each = asked[nextAsked]; each?.at === at; each = asked[++nextAsked]) ask(lanes, each);
    const one = reached[at];
    if (one) states = reach(lanes, states, one, at);
  }
  assert.equal(nextAsked, asked.length);
  assert.equal(nextPromised, promised.length);
}

function ask({ log, ...others }: Both<LaneAsked>, asked: Asked): void {
  const lane = asked.lane === "log" ? log : others.table;
  lane.list.push({ ...asked, after: asked.lane === "table" ? log.syncs : 0 });
  if (isSync(asked.name)) lane.syncs += 1;
}

function isSync(name: Asked["name"]): boolean {
  return name === "sync" || name === "syncDirectory";
}

/** The states in which a promise is kept. */
function keep(lanes: Both<LaneAsked>, states: readonly State[], { lane, done, at }: Promised): State[] {
  const least = done === "all" ? lanes[lane].list.length : done;
  const kept = states.filter((state) => state[lane].done >= least);
  const most = Math.max(...states.map((state) => state[lane].done));
  assert.ok(kept.length > 0, `${lane}: ${most} operations of ${least} done, at ${at}`);
  return kept;
}

function reach(lanes: Both<LaneAsked>, states: readonly State[], reached: Reached, at: number): State[] {
  if (reached.name === "create" || reached.name === "close") return [...states];
  const next = new Map<string, State>();
  for (const state of states) {
    for (const each of reached.name === "end" ? [ended(state, reached)] : following(lanes, state, reached)) {
      next.set(JSON.stringify(each), each);
    }
  }
  assert.ok(next.size > 0, `Nothing allows ${reached.name} ${reached.path} at ${at}`);
  return [...next.values()];
}

function ended(state: State, { sync }: Reached): State {
  const end = (lane: LaneState) => (lane.running && lane.running.sync === sync ? finishSync(lane) : lane);
  return { log: end(state.log), table: end(state.table) };
}

function finishSync({ running: _, ...lane }: LaneState): LaneState {
  return { ...lane, done: lane.done + 1, syncsDone: lane.syncsDone + 1 };
}

/** The states after an operation, which belongs to the log or to the table. */
function following(lanes: Both<LaneAsked>, state: State, reached: Reached): State[] {
  return (["log", "table"] as const).flatMap((lane) => {
    const taken = take(lanes[lane], state[lane], reached, state.log.syncsDone);
    return taken ? [{ ...state, [lane]: taken }] : [];
  });
}

/** The lane after this operation; `undefined` if the lane may not do it now. */
function take(asked: LaneAsked, lane: LaneState, reached: Reached, logSyncsDone: number): LaneState | undefined {
  if (lane.running) {
    const again = lane.running.name === reached.name && lane.running.path === reached.path;
    return again ? finishSync(lane) : undefined;
  }
  const next = asked.list[lane.taken];
  if (!next || next.after > logSyncsDone) return undefined;
  const name = STARTS[reached.name] ?? reached.name;
  if (next.name !== name || next.path !== reached.path || next.to !== reached.to) return undefined;
  if (next.name === "write") return takeWrite(lane, next, reached);
  if (next.position !== reached.position) return undefined;
  const taken = { ...lane, taken: lane.taken + 1 };
  if (reached.name !== name) {
    return { ...taken, running: { sync: reached.sync, name: next.name, path: next.path } };
  }
  return isSync(next.name) ? finishSync(taken) : { ...taken, done: lane.done + 1 };
}

/** A part of a write, or all of it. */
function takeWrite(lane: LaneState, next: Asked, reached: Reached): LaneState | undefined {
  const [all, part] = [next.bytes ?? new Uint8Array(0), reached.bytes ?? new Uint8Array(0)];
  if (reached.position !== (next.position ?? 0) + lane.written) return undefined;
  const written = lane.written + part.length;
  assert.deepEqual(part, all.slice(lane.written, written));
  if (written < all.length) return { ...lane, written };
  return { ...lane, taken: lane.taken + 1, done: lane.done + 1, written: 0 };
}
