/**
 * One history of a shared store, all from its seed: processes come, call, die, stand still and leave. The connections
 * between them break, and the machine crashes. The code of shared stores runs as it is; its sockets, files, timers and
 * random numbers are simulated.
 *
 * @module
 */

import type { SharedStore } from "../../../mod.ts";
import { Random } from "../../lib/random.ts";
import { SimulatedClock } from "../simulate/clock.ts";
import type { EnginePool } from "../simulate/engine_pool.ts";
import { Actor, LAST, Notes } from "./actor.ts";
import { replaceBuiltins } from "./builtins.ts";
import { type Control, WHOLE } from "./controls.ts";
import { type Content, contentOf, faultsAtEnd, faultsOf, NOTHING } from "./oracle.ts";
import type { Settings } from "./process.ts";
import { World } from "./world.ts";

/** Steps of a history at most, and at least. */
const LEAST_STEPS = 100;
const MORE_STEPS = 500;
const MOST_ACTORS = 5;
/** If fewer processes are there than wanted, one in so many steps brings one. */
const JOINS_ONE_IN = 8;
const MOST_IN_FLIGHT = 12;
/** One in so many steps is a disturbance. */
const CALM = 40;
/** Longer than the records of a client are kept. */
const LONG_MS = 65_000;
/** When nothing disturbs it, everything ends within this time, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What came of a history. */
export interface HistoryResult {
  readonly faults: string[];
  readonly calls: number;
  /** Calls without an answer when their process died. */
  readonly unanswered: number;
  readonly counts: Counts;
  /** The same each time for a seed. */
  readonly digest: string;
}

/** How often something happened. */
export interface Counts {
  kills: number;
  ownersKilled: number;
  machineCrashes: number;
  brokenLinks: number;
  longAbsences: number;
  outsiders: number;
  closed: number;
  takeovers: number;
  lostWrites: number;
  watches: number;
}

/** Nothing happened. */
export function noCounts(): Counts {
  return {
    kills: 0,
    ownersKilled: 0,
    machineCrashes: 0,
    brokenLinks: 0,
    longAbsences: 0,
    outsiders: 0,
    closed: 0,
    takeovers: 0,
    lostWrites: 0,
    watches: 0,
  };
}

/** Runs the history of a seed. `control` switches a rule off. */
export async function runHistory(seed: number, pool: EnginePool, control: Control = WHOLE): Promise<HistoryResult> {
  // The first use of a module takes turns of the event loop that are not simulated.
  await import("node:net");
  const clock = new SimulatedClock();
  pool.seed(seed);
  pool.install();
  clock.install();
  const random = new Random(seed);
  const world = new World(random, pool, control);
  const putBack = replaceBuiltins(world);
  const uninstall = control.install?.();
  try {
    return await new SharedHistory(world, random, clock).run();
  } finally {
    uninstall?.();
    putBack();
    clock.uninstall();
    pool.uninstall();
  }
}

class SharedHistory {
  readonly #world: World;
  readonly #random: Random;
  readonly #clock: SimulatedClock;
  readonly #notes = new Notes();
  readonly #counts = noCounts();
  /** Whether the machine may crash. Then all writes are durable. */
  readonly #mayCrash: boolean;
  readonly #versions: number;
  /** How many processes there are, unless some died. */
  readonly #wanted: number;
  #actors: Actor[] = [];
  readonly #everybody: Actor[] = [];
  #before: Content = NOTHING;
  #calls = 0;
  #unanswered = 0;
  #owner: number | undefined;
  #digest = 0;
  /** Whether nothing disturbs any more. */
  #isCalm = false;

  constructor(world: World, random: Random, clock: SimulatedClock) {
    this.#world = world;
    this.#random = random;
    this.#clock = clock;
    this.#mayCrash = random.below(2) === 0;
    this.#versions = random.pick([1, 1000]);
    this.#wanted = 1 + random.below(MOST_ACTORS);
  }

  async run(): Promise<HistoryResult> {
    const notes = this.#notes;
    await this.#all().catch((error: unknown) => notes.fault(`${(error as Error).stack}`));
    for (const { process } of this.#everybody) this.#world.kill(process);
    await this.#clock.turn();
    this.#world.reap();
    const digest = `${this.#digest} ${notes.moment()} ${this.#calls}`;
    return { faults: notes.faults, calls: this.#calls, unanswered: this.#unanswered, counts: this.#counts, digest };
  }

  async #all(): Promise<void> {
    const notes = this.#notes;
    this.#join();
    const steps = LEAST_STEPS + this.#random.below(MORE_STEPS);
    for (let step = 0; step < steps && notes.faults.length === 0; step++) await this.#step();
    if (notes.faults.length === 0) await this.#end();
  }

  get #settings(): Settings {
    const syncWrites = this.#mayCrash || this.#random.below(2) === 0;
    return { syncWrites, numVersionsToKeep: this.#versions };
  }

  /** Lets one thing happen. */
  async #step(): Promise<void> {
    const random = this.#random;
    const ready = this.#actors.filter((actor) => actor.isReady && actor.inFlight < MOST_IN_FLIGHT);
    if (process.env.DBG)
      console.log(
        this.#clock.nowMs - 1.7e12,
        "owner",
        this.#world.owner?.id,
        this.#world.owner?.isFrozen,
        this.#actors.map((a) => a.process.id + (a.isReady ? "r" : "") + (a.process.isFrozen ? "f" : "")).join(),
        this.#world.disk.syncsInFlight,
        this.#world.ready().length,
      );
    const chance = random.below(CALM) === 0 ? 100 : random.below(20);
    if (chance === 100) await this.#disturb();
    else if (chance < 6 && ready.length > 0) {
      const actor = random.pick(ready);
      if (random.below(6) === 0) actor.burst();
      else actor.act();
    } else if (chance < 9) await this.#pass(1 + random.below(4));
    else if (chance < 11) this.#completeSync();
    else this.#happen();
    await this.#settle();
  }

  /** Something comes over a connection. */
  #happen(): boolean {
    const ready = this.#world.ready();
    if (ready.length === 0) return false;
    this.#random.pick(ready).happen(this.#random);
    return true;
  }

  #completeSync(): boolean {
    const { disk } = this.#world;
    if (disk.syncsInFlight === 0) return false;
    disk.completeSync(this.#random.below(disk.syncsInFlight));
    return true;
  }

  async #pass(ms: number): Promise<void> {
    await this.#clock.pass(ms);
  }

  /** What follows a step: who died, and who has the directory now. */
  async #look(): Promise<void> {
    await this.#clock.drained();
    const world = this.#world;
    world.reap();
    this.#digest = (Math.imul(this.#digest, 31) + this.#notes.done.length + world.ready().length) >>> 0;
    if (this.#owner !== world.owner?.id) {
      this.#owner = world.owner?.id;
      this.#notes.owners.push(this.#notes.moment());
      if (world.owner) this.#counts.takeovers += 1;
      // Sometimes it dies during the takeover.
      if (world.owner && !this.#isCalm && this.#random.below(8) === 0) this.#doom(world.owner, 60);
    }
  }

  /** The same, and who lives on. */
  async #settle(): Promise<void> {
    await this.#look();
    const world = this.#world;
    if (world.crashes > this.#counts.machineCrashes) await this.#afterCrash();
    this.#actors = this.#actors.filter(({ process, isClosed }) => !process.isDead && !isClosed);
    const isAlone = this.#actors.length === 0;
    if (isAlone || (this.#actors.length < this.#wanted && this.#random.below(JOINS_ONE_IN) === 0)) this.#join();
  }

  #doom(process: Actor["process"], calls: number): void {
    const random = this.#random;
    const isOfMachine = this.#mayCrash && random.below(3) === 0;
    process.doom = { calls: 1 + random.below(calls), isAfter: random.below(2) === 0, isOfMachine };
  }

  #join(): Actor {
    const actor = new Actor(this.#world.start(), this.#notes, this.#random, this.#versions > 1);
    this.#actors.push(actor);
    this.#everybody.push(actor);
    void actor.join(this.#settings);
    return actor;
  }

  async #disturb(): Promise<void> {
    if (process.env.DBG) console.log("disturb");
    const random = this.#random;
    const world = this.#world;
    const { owner } = world;
    const actor = random.pick(this.#actors);
    const breakLink = () => {
      if (world.breakLink()) this.#counts.brokenLinks += 1;
    };
    const watch = () => actor.isReady && this.#watch(actor);
    const standStill = () => this.#standStill(actor, random.below(2) === 0);
    await random.pick([
      () => this.#kill(actor.process),
      () => this.#kill(actor.process),
      () => owner && this.#kill(owner),
      () => owner && this.#doom(owner, 30),
      () => owner && this.#doom(owner, 200),
      ...[breakLink, breakLink, breakLink],
      ...[watch, watch, watch],
      ...[standStill, standStill],
      () => actor.isReady && this.#close(actor),
      () => this.#outsider(),
      () => {
        if (this.#mayCrash) world.crash();
      },
    ])();
  }

  #kill(process: Actor["process"]): void {
    this.#counts.kills += 1;
    if (this.#world.owner === process) this.#counts.ownersKilled += 1;
    this.#world.kill(process);
  }

  #watch(actor: Actor): void {
    this.#counts.watches += 1;
    // The history of one version may have ended.
    const since = this.#versions > 1 && this.#random.below(2) === 0 ? 0 : (actor.store?.version ?? 0);
    void actor.watch(since);
  }

  #close(actor: Actor): void {
    this.#counts.closed += 1;
    void actor.close();
  }

  /** Nothing reaches a client for some time, perhaps for longer than its records are kept. Its last calls arrive. */
  async #standStill(actor: Actor, isLong: boolean): Promise<void> {
    const world = this.#world;
    const { process } = actor;
    // A process that opens the store waits for ten seconds.
    if (!actor.isReady || process === world.owner || !world.isLinked(process)) return;
    actor.burst();
    process.isFrozen = true;
    for (let i = this.#random.below(10); i > 0; i--) await this.#quietStep();
    if (this.#random.below(2) === 0 && world.owner) this.#kill(world.owner);
    else world.breakLink(process);
    if (isLong) {
      this.#counts.longAbsences += 1;
      const over = this.#notes.lose([process.id]);
      await this.#passLong();
      over();
    } else for (let i = 0; i < 20; i++) await this.#quietStep();
    process.isFrozen = false;
  }

  /** Passes more time than records are kept, in which everything goes on. */
  async #passLong(): Promise<void> {
    for (let ms = 0; ms < LONG_MS; ms += LONG_MS / 20) {
      for (let i = 0; i < 3; i++) await this.#rest();
      await this.#pass(LONG_MS / 20);
    }
  }

  /** Somebody opens the store alone, once the owner is gone. */
  async #outsider(): Promise<void> {
    const world = this.#world;
    if (world.owner) this.#kill(world.owner);
    this.#counts.outsiders += 1;
    const over = this.#notes.lose(this.#actors.map(({ process }) => process.id));
    const process = world.start();
    if (this.#random.below(4) === 0) this.#doom(process, 80);
    const work = async () => {
      const store = await process.openAlone(this.#settings);
      await store.close();
      process.reap();
    };
    await this.#settled(work(), "an open without 'shared'", process);
    over();
  }

  /** What was there before the crash must be there; and everything begins with that. */
  async #afterCrash(): Promise<void> {
    for (let content: Content | undefined; !content; ) {
      this.#counts.machineCrashes = this.#world.crashes;
      const actor = this.#join();
      if (this.#random.below(3) === 0) this.#doom(actor.process, 60);
      const { process } = actor;
      await this.#until(() => actor.isReady || process.isDead, "the first open after a crash");
      if (actor.isReady) content = await this.#settled(contentOf(actor.store as SharedStore), "reading all", process);
      process.doom = undefined;
      if (content && !process.isDead) this.#check(content, true);
      else content = undefined;
    }
  }

  #check(after: Content, isCut: boolean): void {
    const { done } = this.#notes;
    for (const fault of faultsOf({ before: this.#before, after, done, isCut })) this.#notes.fault(fault);
    this.#calls += done.length;
    this.#unanswered += done.filter(({ outcome }) => outcome === "open").length;
    this.#counts.lostWrites += done.filter(({ outcome }) => outcome === "unknown").length;
    this.#notes.done = [];
    this.#before = after;
  }

  /** Nothing disturbs any more: all calls must end, and then nothing may be left. */
  async #end(): Promise<void> {
    const living = () => this.#actors.filter(({ process, isClosing }) => !process.isDead && !isClosing);
    for (const { process } of this.#actors) [process.doom, process.isFrozen] = [undefined, false];
    this.#isCalm = true;
    if (living().length === 0) this.#join();
    await this.#until(() => this.#actors.every((actor) => actor.isReady || actor.isClosing), "an open");
    const isIdle = () => this.#actors.every(({ inFlight }) => inFlight === 0);
    await this.#until(isIdle, () => `calls: ${this.#openCalls()}`);
    const { store } = living()[0] as Actor & { store: SharedStore };
    await this.#settled(store.put(LAST, ""), "the last put");
    await this.#until(() => this.#actors.every(({ watching, isClosing }) => watching === 0 || isClosing), "a watch");
    for (const actor of this.#everybody) actor.stopWatching();
    // A write that nobody waits for any more may still be on its way.
    await this.#rest();
    const content = (await this.#settled(contentOf(store), "reading all")) as Content;
    this.#check(content, false);
    await this.#leave(content);
  }

  #openCalls(): string {
    const open = this.#notes.done.filter(({ actor, outcome }) => {
      return outcome === "open" && this.#actors.some(({ process }) => process.id === actor);
    });
    return open.map(({ kind, key }) => `${kind} of ${key}`).join(", ");
  }

  /** All close. The last one removes what sharing left, if no client that is gone may come back. */
  async #leave(content: Content): Promise<void> {
    const world = this.#world;
    const areForgotten = this.#random.below(2) === 0;
    if (areForgotten) await this.#passLong();
    while (this.#actors.some(({ isClosed }) => !isClosed)) {
      const open = this.#actors.filter(({ isClosing }) => !isClosing);
      if (open.length > 0) void this.#random.pick(open).close();
      await this.#until(() => this.#actors.every(({ isClosing, isClosed }) => isClosed || !isClosing), "a close");
      await this.#rest();
      // A client that has no owner cannot say goodbye.
      const isIn = ({ process, isClosed }: Actor) => isClosed || world.owner === process || world.isLinked(process);
      await this.#until(() => this.#actors.every(isIn), "a client that joins again");
      await this.#rest();
    }
    if (areForgotten && this.#world.disk.paths().some((path) => path.includes("shared/")))
      this.#notes.fault("the folder of the shared store is left");
    const process = this.#world.start();
    const look = async () => {
      const store = await process.openAlone(this.#settings);
      for (const fault of await faultsAtEnd(store, content, this.#notes, this.#versions > 1)) this.#notes.fault(fault);
      await store.close();
      process.reap();
    };
    await this.#settled(look(), "looking at the store");
    if (this.#world.disk.stat("data/shared")) this.#notes.fault("the folder is left after an open without 'shared'");
  }

  /** One thing that is not a disturbance, and no call. */
  async #quietStep(): Promise<void> {
    const isDone =
      this.#random.below(3) === 0 ? this.#completeSync() || this.#happen() : this.#happen() || this.#completeSync();
    if (!isDone) await this.#pass(5);
    await this.#look();
  }

  /** Lets everything happen that needs no time. */
  async #rest(): Promise<void> {
    for (let i = 0; i < 1000 && (this.#happen() || this.#completeSync()); i++) await this.#look();
    await this.#pass(20);
  }

  /** The result; `undefined` if the process dies first. */
  async #settled<T>(promise: Promise<T>, what: string, process?: Actor["process"]): Promise<T | undefined> {
    let outcome: { readonly value?: T; readonly error?: unknown } | undefined;
    promise.then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    await this.#until(() => outcome !== undefined || process?.isDead === true, what);
    if (process?.isDead) return undefined;
    if (outcome && "error" in outcome) throw new Error(`${what} rejected: ${outcome.error}`);
    return outcome?.value;
  }

  async #until(isTrue: () => boolean, what: string | (() => string)): Promise<void> {
    for (let quiet = 0; quiet < PATIENCE_MS && !isTrue(); quiet += 1) await this.#quietStep();
    if (isTrue()) return;
    throw new Error(`hangs: ${typeof what === "string" ? what : what()}`);
  }
}
