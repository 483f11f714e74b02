/**
 * Many crashes of a store, all from one seed. Lives follow each other on one disk. After every call of the disk a crash
 * is tried, in many states. During the recovery from these states, more crashes are tried, up to a depth of three.
 *
 * @module
 */

import type { SledStoreConfig } from "../../../src/api/config.ts";
import type { FileSystem } from "../../../src/api/file_system.ts";
import { Random } from "../../lib/random.ts";
import { SimulatedClock } from "./clock.ts";
import {
  type CrashState,
  diskAfter,
  diskAfterKill,
  pendingChanges,
  sampledState,
  smallStates,
} from "./crash_states.ts";
import { type Lies, SimulatedDirectory, SimulatedDisk } from "./disk.ts";
import type { EnginePool } from "./engine_pool.ts";
import { CrashFault, type Expectation, History } from "./history.ts";
import { countState, isInFlight, type JobStates, noJobStates } from "./jobs.ts";
import { Life, type LifeContext, type Point } from "./life.ts";
import { EXTENDED_PROFILES, PROFILES, type Profile } from "./workload.ts";

/** The depth of crashes during the recovery from crashes. */
const DEEPEST = 3;
const LIVES_A_DISK = 5;
const MOST_FAULTS = 5;
/** When a disk has had enough states, its life continues, but only one in this many moments is tried. */
const THINNED = 8;
/** While jobs are in flight, this many times more points are tried. */
const MORE_WITH_JOBS = 16;

/** The options of a simulation. */
export interface SimulationOptions {
  readonly seed: number;
  /** Ends after this many states of a disk. */
  readonly states: number;
  /** Only for the disk of the lives. The disks of the trials stay as a crash left them. */
  readonly lies?: Lies;
  /** The store's view of a disk. Default: the disk itself. */
  readonly view?: (disk: SimulatedDisk) => FileSystem;
  readonly pool: EnginePool;
  /** Whether stores are backed up, too. Seeds that found a fault before backups existed run without. Default: true. */
  readonly backups?: boolean;
  /**
   * Whether some disks have two stores, some transfer fewer bytes than asked for, and some directories are moved while
   * their store is open. Default: true, with the same exception.
   */
  readonly disturbances?: boolean;
  /**
   * Whether keys may have 64,000 bytes, lanes get full, and several things happen at once. Also whether watches,
   * versions and verification are checked, and the next power cut may lose what a killed process did not sync. Seeds
   * that found a fault before run without. Default: true.
   */
  readonly extended?: boolean;
  /** Whether some lives compress what they write. Seeds that found a fault before run without. Default: true. */
  readonly compression?: boolean;
  /** Whether stores have a worker. Older seeds that found a fault run without. Default: true. */
  readonly jobs?: boolean;
  /** The blocks that a worker wrote are not synced, although its answer says so. Default: false. */
  readonly areJobsUnsynced?: boolean;
  /** Only lives of this profile, by name. Default: all. */
  readonly profile?: string | undefined;
  /** Whether lives may write tens of megabytes at once. Default: true. */
  readonly floods?: boolean;
  readonly onStates?: (states: number) => void;
  readonly onLife?: (life: LifeTime) => void;
  readonly onFault?: (fault: FoundFault, states: number) => void;
  /** Returns whether the time is over. */
  readonly isOver?: () => boolean;
}

/** The time of one life with its crashes. */
export interface LifeTime {
  readonly where: string;
  readonly states: number;
  readonly ms: number;
}

/** A fault that one crash caused. */
export interface FoundFault {
  readonly kind: CrashFault["kind"];
  readonly message: string;
  /** Describes the crash. */
  readonly where: string;
}

/** The result of a simulation. */
export interface SimulationResult {
  /** The number of moments at which a crash was tried. */
  points: number;
  /** The number of different states of a disk from which a store was opened. */
  states: number;
  /** The states by the number of crashes before: in a recovery, in a recovery from that. */
  statesAtDepth: number[];
  lives: number;
  commits: number;
  /** The most states of one moment. */
  mostStatesOfPoint: number;
  largestDiskBytes: number;
  /**
   * The number of lives of two stores on one disk, of stores whose directory was moved, and of disks with short
   * transfers.
   */
  pairs: number;
  moved: number;
  shortDisks: number;
  /** How many jobs workers did. */
  jobs: number;
  /** States while jobs were in flight. */
  readonly jobStates: JobStates;
  /** A digest of the states and their order. It is the same each time for a seed. */
  digest: number;
  readonly faults: FoundFault[];
}

/** Runs a simulation. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const clock = new SimulatedClock();
  options.pool.seed(options.seed);
  options.pool.install();
  clock.install();
  try {
    return await new Simulation(options, clock).run();
  } finally {
    clock.uninstall();
    options.pool.uninstall();
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #result: SimulationResult = {
    points: 0,
    states: 0,
    statesAtDepth: Array.from({ length: DEEPEST }, () => 0),
    lives: 0,
    commits: 0,
    mostStatesOfPoint: 0,
    largestDiskBytes: 0,
    pairs: 0,
    moved: 0,
    shortDisks: 0,
    jobs: 0,
    jobStates: noJobStates(),
    digest: 0,
    faults: [],
  };
  #number = 0;
  /** The number of states after which an expensive disk has had enough. */
  #enough = Number.POSITIVE_INFINITY;
  /** A separate generator, so that the states of a seed do not depend on the disturbances. */
  readonly #chance: Random;
  /** The same for the settings of compression. */
  readonly #settings: Random;
  /** The same of who does jobs. */
  readonly #jobs: Random;

  constructor(options: SimulationOptions, clock: SimulatedClock) {
    this.#options = options;
    this.#clock = clock;
    this.#random = new Random(options.seed);
    this.#chance = new Random(options.seed ^ 0x5eed);
    this.#settings = new Random(options.seed ^ 0x174);
    this.#jobs = new Random(options.seed ^ 0x10b5);
  }

  #isDisturbed(oneIn: number): boolean {
    return (this.#options.disturbances ?? true) && this.#chance.below(oneIn) === 0;
  }

  async run(): Promise<SimulationResult> {
    while (!this.#isOver()) await this.#disk();
    return this.#result;
  }

  #isOver(): boolean {
    const { states, faults } = this.#result;
    return states >= this.#options.states || faults.length >= MOST_FAULTS || (this.#options.isOver?.() ?? false);
  }

  /** Runs some lives, one after another. */
  async #disk(): Promise<void> {
    const random = this.#random;
    const extended = this.#options.extended ?? true;
    const common: LifeContext = {
      pool: this.#options.pool,
      random,
      clock: this.#clock,
      config: {
        syncWrites: random.below(4) > 0,
        numVersionsToKeep: random.pick(extended ? [1, 1, 2, 3, 5] : [1, 1, 3]),
      },
      profile: this.#profile(extended),
      view: this.#options.view ?? ((disk) => disk),
      nextNumber: () => ++this.#number,
      backups: this.#options.backups ?? true,
      ...(this.#isDisturbed(3) ? { most: (length: number) => this.#part(length) } : {}),
      extended,
    };
    const jobs = { random: this.#jobs, isUnsynced: this.#options.areJobsUnsynced ?? false, done: 0 };
    const context: LifeContext = (this.#options.jobs ?? true) ? { ...common, jobs } : common;
    if (context.most) this.#result.shortDisks += 1;
    const isPair = this.#isDisturbed(3);
    let disk = new SimulatedDisk({}, new SimulatedDirectory(), this.#options.lies);
    let expectation = nothing();
    let beside = isPair ? nothing() : undefined;
    const { mostStates = Number.POSITIVE_INFINITY } = context.profile;
    this.#enough = this.#result.states + mostStates;
    for (let life = 0; life < LIVES_A_DISK && this.#result.states < this.#enough && !this.#isOver(); life++) {
      const where = `${context.profile.name} life ${life + 1}`;
      const [before, started] = [this.#result.states, performance.now()];
      const compression = this.#compression();
      const own = { ...context, config: { ...context.config, ...compression } };
      const next = await this.#guarded(where, () => this.#life(own, disk, expectation, beside, where));
      this.#options.onLife?.({ where, states: this.#result.states - before, ms: performance.now() - started });
      if (!next) return;
      this.#result.jobs += jobs.done;
      jobs.done = 0;
      ({ disk, expectation, beside } = next);
    }
  }

  /** The setting of a life. Often the one that the store remembers. */
  #compression(): Pick<SledStoreConfig, "compression"> {
    if (!(this.#options.compression ?? true)) return {};
    return this.#settings.pick([{}, { compression: "none" }, { compression: "lz4" }, { compression: "lz4" }] as const);
  }

  /** Most calls transfer all bytes. */
  #part(length: number): number {
    return this.#chance.below(3) > 0 ? length : 1 + this.#chance.below(length);
  }

  #profile(extended: boolean): Profile {
    const all = [...PROFILES, PROFILES[0], PROFILES[0], ...(extended ? EXTENDED_PROFILES : [])];
    const { profile, floods = true } = this.#options;
    const wanted = all.filter((each) => (profile === undefined || each.name === profile) && (floods || !each.floods));
    if (wanted.length === 0)
      throw new RangeError(`Expected a profile of ${all.map(({ name }) => name)}, got '${profile}'`);
    return this.#random.pick(wanted as [Profile, ...Profile[]]);
  }

  /** Runs one life. Returns the disk that it leaves; `undefined` if the store was moved. */
  async #life(
    context: LifeContext,
    disk: SimulatedDisk,
    expectation: Expectation,
    besideExpectation: Expectation | undefined,
    where: string,
  ): Promise<LifeEnd | undefined> {
    const random = this.#random;
    const beside = besideExpectation && new Life(context, disk, besideExpectation, false, BESIDE);
    const life = new Life(context, disk, expectation, true, { path: "data", beside });
    const seen = new Set<string>();
    this.#result.lives += 1;
    if (beside) this.#result.pairs += 1;
    let last: Point | undefined;
    const tryAll = async (of = life) => {
      for (const point of of.points.splice(0)) {
        last = !last || random.below(20) === 0 ? point : last;
        await this.#tryPoint(context, point, 1, where, seen, context.profile.sparse);
      }
    };
    return await endingAtFaults([life, beside], async () => {
      await beside?.open();
      await life.open();
      await tryAll();
      const isMoved = !beside && this.#isDisturbed(3);
      const steps = isMoved ? this.#chance.below(12) : context.profile.steps;
      for (let step = 0; step < steps && !this.#isOver(); step++) {
        if (beside && this.#chance.below(2) === 0) await beside.step();
        await life.step();
        await tryAll();
      }
      this.#result.commits += life.expectation.history.length;
      this.#result.largestDiskBytes = Math.max(this.#result.largestDiskBytes, disk.usedBytes());
      if (isMoved) {
        await this.#move(context, life, tryAll);
        return undefined;
      }
      const closes = random.below(3) === 0;
      if (closes) {
        await beside?.close();
        await life.close();
        await tryAll();
      }
      const end = closes || !last || random.below(2) === 0 ? life.now() : last;
      if (!closes) {
        await life.crash();
        await beside?.crash();
      }
      const state = sampledState(pendingChanges(end.capture), random);
      if (context.extended && !this.#options.lies && random.below(4) === 0) {
        const killed = end.beside && expectationOf(end.beside, KILL);
        return { disk: diskAfterKill(end.capture), expectation: expectationOf(end, KILL), beside: killed };
      }
      const left = diskAfter(end.capture, state, {}, this.#options.lies);
      const also = end.beside && expectationOf(end.beside, state);
      return { disk: left, expectation: expectationOf(end, state), beside: also };
    });
  }

  /** Puts another store in the place of an open one. The first store must not touch it, and both survive a crash. */
  async #move(context: LifeContext, life: Life, tryAll: (of: Life) => Promise<void>): Promise<void> {
    this.#result.moved += 1;
    life.leadElsewhere("moved");
    life.points.length = 0;
    const other = new Life(context, life.disk, nothing(), true, { path: "data", beside: life });
    await endingAtFaults([other], async () => {
      await other.open();
      for (let step = 0; step < 4; step++) await other.step();
      await tryAll(other);
      await life.assertLost();
      for (let step = 0; step < 4 && !this.#isOver(); step++) {
        await other.step();
        await tryAll(other);
      }
      await other.crash();
    });
  }

  /** Tries the states that a crash at one moment may leave. */
  async #tryPoint(
    context: LifeContext,
    point: Point,
    depth: number,
    where: string,
    seen: Set<string>,
    sparse: number,
  ): Promise<void> {
    const random = this.#random;
    const isEnough = this.#result.states >= this.#enough;
    const fewer = isInFlight(point.jobs) ? Math.ceil(sparse / MORE_WITH_JOBS) : sparse;
    if (random.below(isEnough ? fewer * THINNED : fewer) > 0) return;
    const changes = pendingChanges(point.capture);
    const states = depth === 1 || random.below(3) === 0 ? smallStates(changes) : [];
    if (changes.length > 0) states.push(sampledState(changes, random));
    if (changes.length > 4) states.push(sampledState(changes, random));
    const newest = changes.at(-1)?.order ?? 0;
    let tried = 0;
    for (const state of states) {
      const { epoch } = point.capture;
      const { least, history } = point.expectation;
      const { beside } = point;
      const also = beside ? `|${state.isKill ? beside.settled : beside.expectation.least}` : "";
      const key = `${epoch}|${state.isKill ? newest : state.label}|${state.isKill ? point.settled : least}|${history.length}${also}`;
      if (seen.has(key)) continue;
      seen.add(key);
      tried += 1;
      const at = `${where}, order ${newest}, state '${state.label}', depth ${depth}`;
      await this.#guarded(at, () => this.#trial(context, point, state, depth, at));
      if (this.#isOver()) break;
    }
    if (tried > 0) this.#result.points += 1;
    this.#result.mostStatesOfPoint = Math.max(this.#result.mostStatesOfPoint, tried);
  }

  /** Opens a store from one state, and compares. */
  async #trial(context: LifeContext, point: Point, state: CrashState, depth: number, where: string): Promise<void> {
    const random = this.#random;
    this.#count(
      depth,
      `${where}, ${point.expectation.least}, ${point.settled}, ${point.expectation.history.length}`,
      point,
    );
    const isNested = depth < DEEPEST && random.below(depth === 1 ? 60 : 20) === 0;
    const stays = isNested && context.extended && state.isKill;
    const disk = stays ? diskAfterKill(point.capture) : diskAfter(point.capture, state);
    const { path } = point;
    const beside = this.#besideOf(context, disk, point, state);
    await endingAtFaults([beside], async () => beside?.open());
    const life = new Life(context, disk, expectationOf(point, state), isNested, { path, beside });
    await endingAtFaults([life, beside], async () => {
      const found = await life.open();
      if (random.below(8) === 0) await life.lookCloser(found);
      const isSized = random.below(60) === 0;
      if (isSized) await life.verify();
      if (context.extended) await this.#lookFurther(life);
      if (isNested) {
        const seen = new Set<string>();
        const sparse = Math.ceil(context.profile.sparse / 10);
        for (const each of life.points.splice(0)) await this.#tryPoint(context, each, depth + 1, where, seen, sparse);
        for (let step = 0; step < 3; step++) {
          await life.step();
          for (const each of life.points.splice(0))
            await this.#tryPoint(context, each, depth + 1, where, seen, 4 * sparse);
        }
        await life.crash();
        await beside?.crash();
        return;
      }
      const again = random.below(12) === 0 ? life.now() : undefined;
      if (isSized && !beside) await life.checkSize();
      life.leave();
      beside?.leave();
      if (again) await this.#reopen(context, again);
    });
  }

  async #lookFurther(life: Life): Promise<void> {
    const random = this.#random;
    if (random.below(3) === 0) life.checkVersions(random.below(4) === 0);
    if (random.below(20) === 0) await life.verify();
    if (random.below(6) === 0) await life.checkWatch();
  }

  /** Opens the store again. Data that was read once must be there, whatever happened in between. */
  async #reopen(context: LifeContext, point: Point): Promise<void> {
    const changes = pendingChanges(point.capture);
    const state = changes.length > 0 ? sampledState(changes, this.#random) : smallStates(changes)[0];
    if (!state) return;
    const disk = diskAfter(point.capture, state);
    const beside = this.#besideOf(context, disk, point, state);
    await endingAtFaults([beside], async () => beside?.open());
    const life = new Life(context, disk, point.expectation, false, { path: point.path, beside });
    await endingAtFaults([life, beside], async () => {
      await life.open();
      life.leave();
      beside?.leave();
    });
  }

  #besideOf(context: LifeContext, disk: SimulatedDisk, { beside }: Point, state: CrashState): Life | undefined {
    if (!beside) return undefined;
    return new Life(context, disk, expectationOf(beside, state), false, { path: beside.path, isBeside: true });
  }

  #count(depth: number, what: string, { jobs }: Point): void {
    const result = this.#result;
    for (let i = 0; i < what.length; i++) result.digest = (Math.imul(result.digest, 31) + what.charCodeAt(i)) >>> 0;
    result.states += 1;
    countState(result.jobStates, jobs);
    result.statesAtDepth[depth - 1] = (result.statesAtDepth[depth - 1] ?? 0) + 1;
    if (result.states % 100 === 0) this.#options.onStates?.(result.states);
  }

  async #guarded<T>(where: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      const kind = error instanceof CrashFault ? error.kind : "wrong";
      const message = error instanceof CrashFault ? error.message : String((error as Error).stack ?? error);
      const fault = { kind, message, where: `seed ${this.#options.seed}, ${where}` };
      this.#result.faults.push(fault);
      this.#options.onFault?.(fault, this.#result.states);
      return undefined;
    }
  }
}

/** Runs `run`. If it fails, ends the lives, which would otherwise continue to work and keep their engines. */
async function endingAtFaults<T>(lives: readonly (Life | undefined)[], run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    for (const life of lives) await life?.crash();
    throw error;
  }
}

const KILL = { isKill: true };

/** What one life passes to the next. */
interface LifeEnd {
  readonly disk: SimulatedDisk;
  readonly expectation: Expectation;
  readonly beside: Expectation | undefined;
}

const BESIDE = { path: "beside", isBeside: true };

function nothing(): Expectation {
  return { history: new History(), least: 0, most: 0, version: 0 };
}

function expectationOf({ expectation, settled }: Point, { isKill }: Pick<CrashState, "isKill">): Expectation {
  return isKill ? { ...expectation, least: settled, durable: expectation.least } : expectation;
}
