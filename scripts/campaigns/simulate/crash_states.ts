/**
 * The states that a power cut may leave on a disk. Each change since the last sync may be kept, lost, or kept in part.
 *
 * @module
 */

import { fillScattered, type Random } from "../../lib/random.ts";
import {
  applyName,
  applyWhole,
  type Capture,
  type DataChange,
  type DiskEvents,
  type Lies,
  type NameChange,
  SimulatedDirectory,
  SimulatedDisk,
  SimulatedFile,
  type SimulatedNode,
} from "./disk.ts";
import type { Image } from "./image.ts";

/** What is left of a write: some of its bytes, and whether the file has grown for it. */
export interface Part {
  /** The size of a sector in bytes, counted from the start of the file; 0 if none of the bytes is left. */
  readonly sectorBytes: number;
  /** Whether a sector is left. The first sector of the write has the number 0. */
  readonly has: (sector: number) => boolean;
  readonly grows: boolean;
  /** The seed of the bytes in the grown part that nobody wrote; zeros if absent. */
  readonly garbage?: number;
}

/** The fate of one change. */
export type Fate = "kept" | "lost" | Part;

/** One state of a disk after a power cut. */
export interface CrashState {
  /** A short description. Two states of one capture with the same label are equal. */
  readonly label: string;
  readonly fateOf: (change: DataChange | NameChange) => Fate;
  /** Whether nothing was lost: the process was killed, and the disk kept running. */
  readonly isKill: boolean;
}

type Change = DataChange | NameChange;

const KEPT: CrashState = { label: "all", fateOf: () => "kept", isKill: true };
const LOST: CrashState = { label: "none", fateOf: () => "lost", isKill: false };
/** Up to this many changes, every subset is tried. */
const ENUMERATED = 4;
const SECTOR_SIZES = [512, 4096] as const;

/** All changes that a power cut may lose, in the order of the calls. */
export function pendingChanges(capture: Capture): Change[] {
  const changes: Change[] = [];
  for (const { pending } of capture.files.values()) for (const change of pending) changes.push(change);
  for (const { pending } of capture.directories.values()) for (const change of pending) changes.push(change);
  return changes.sort((a, b) => a.order - b.order);
}

/** Every subset of a few changes; for many changes, only none and all. */
export function smallStates(changes: readonly Change[]): CrashState[] {
  if (changes.length > ENUMERATED) return [LOST, KEPT];
  const states: CrashState[] = [];
  for (let subset = 0; subset < 2 ** changes.length; subset++) {
    const kept = new Set(changes.filter((_, index) => (subset >> index) & 1));
    if (kept.size === changes.length) states.push(KEPT);
    else states.push(kept.size === 0 ? LOST : subsetState(kept));
  }
  return states;
}

/** One of the many states. */
export function sampledState(changes: readonly Change[], random: Random): CrashState {
  const some = (share: number) => new Set(changes.filter(() => random.below(100) < share));
  const share = random.pick([10, 50, 90]);
  switch (random.below(12)) {
    case 0:
    case 1: {
      const until = random.below(changes.length + 1);
      return withOneTorn(new Set(changes.slice(0, until)), changes[until], random, `first ${until}`);
    }
    case 2:
      return subsetState(new Set(changes.slice(0, random.below(changes.length + 1))));
    case 3:
      return subsetState(some(share));
    case 4: {
      // All changes but one. No change that is left may depend on the missing one.
      const missing = random.below(changes.length);
      return subsetState(new Set(changes.filter((_, index) => index !== missing)));
    }
    case 5:
      return subsetState(new Set(changes.slice(-1 - random.below(Math.max(1, changes.length)))));
    case 6:
      return subsetState(new Set(changes.filter(isName)));
    case 7:
      return subsetState(new Set([...changes.filter(isName), ...some(share)]));
    case 8:
      return subsetState(new Set([...changes.filter((change) => !isName(change)), ...some(share)]));
    case 9:
      return grownState(changes, some(share), random);
    default:
      return tornState(changes, random, share);
  }
}

/** The disk after the process was killed. Everything is there, but a power cut may still lose what was not synced. */
export function diskAfterKill(capture: Capture): SimulatedDisk {
  const copies = new Map<SimulatedNode, SimulatedNode>();
  const copy = (node: SimulatedNode): SimulatedNode => {
    const known = copies.get(node);
    if (known) return known;
    const made = node instanceof SimulatedFile ? new SimulatedFile() : new SimulatedDirectory();
    copies.set(node, made);
    if (node instanceof SimulatedFile && made instanceof SimulatedFile) {
      const { durable, pending } = capture.files.get(node) ?? { durable: node.durable, pending: [] };
      made.durable = durable.fork();
      made.live = durable.fork();
      for (const change of pending) applyWhole(made.live, change);
      made.pending = pending.slice();
    } else if (node instanceof SimulatedDirectory && made instanceof SimulatedDirectory) {
      const { durable, pending } = capture.directories.get(node) ?? { durable: new Map(), pending: [] };
      made.durable = new Map(Array.from(durable, ([name, child]) => [name, copy(child)]));
      made.pending = pending.map((change) => ({ ...change, node: change.node && copy(change.node) }));
      for (const [name, child] of made.durable) made.live.set(name, child);
      for (const change of made.pending) applyName(made.live, change);
    }
    return made;
  };
  const root = copy(capture.root) as SimulatedDirectory;
  return new SimulatedDisk({}, root, {}, pendingChanges(capture).at(-1)?.order ?? 0);
}

/** A disk with the content of a state. Its changes begin anew. */
export function diskAfter(
  capture: Capture,
  state: CrashState,
  events: DiskEvents = {},
  lies: Lies = {},
): SimulatedDisk {
  const copies = new Map<SimulatedNode, SimulatedNode>();
  const copy = (node: SimulatedNode): SimulatedNode => {
    const known = copies.get(node);
    if (known) return known;
    if (node instanceof SimulatedFile) return remember(node, fileAfter(capture, state, node));
    const directory = remember(node, new SimulatedDirectory());
    const { durable, pending } = capture.directories.get(node) ?? { durable: new Map(), pending: [] };
    const names = new Map(durable);
    for (const change of pending) if (state.fateOf(change) === "kept") applyName(names, change);
    for (const [name, child] of names) directory.live.set(name, copy(child));
    directory.durable = new Map(directory.live);
    return directory;
  };
  const remember = <N extends SimulatedNode>(node: SimulatedNode, made: N): N => {
    copies.set(node, made);
    return made;
  };
  return new SimulatedDisk(events, copy(capture.root) as SimulatedDirectory, lies);
}

function fileAfter(capture: Capture, state: CrashState, file: SimulatedFile): SimulatedFile {
  const { durable, pending } = capture.files.get(file) ?? { durable: file.durable, pending: [] };
  const image = durable.fork();
  let isPatched = false;
  for (const change of pending) {
    const fate = state.fateOf(change);
    if (fate === "lost") continue;
    if (fate === "kept" || change.kind === "truncate") applyWhole(image, change);
    else {
      applyPart(image, change, fate);
      isPatched = true;
    }
  }
  if (isPatched) image.cut(image.size);
  const made = new SimulatedFile();
  made.durable = image;
  made.live = image.fork();
  return made;
}

function applyPart(image: Image, { position, bytes }: DataChange & { kind: "write" }, part: Part): void {
  const end = position + bytes.length;
  if (part.grows && end > image.size) {
    const from = image.size;
    image.resize(end);
    if (part.garbage !== undefined) image.patch(garbage(end - from, part.garbage), from);
  }
  if (part.sectorBytes === 0) return;
  const first = Math.floor(position / part.sectorBytes);
  for (let at = position; at < end; ) {
    const sector = Math.floor(at / part.sectorBytes);
    const next = Math.min(end, (sector + 1) * part.sectorBytes);
    if (part.has(sector - first)) image.patch(bytes.subarray(at - position, next - position), at);
    at = next;
  }
}

/** Old bytes of the disk. */
function garbage(length: number, seed: number): Uint8Array {
  return fillScattered(new Uint8Array(length), seed | 1);
}

function isName(change: Change): change is NameChange {
  return !("kind" in change);
}

function subsetState(kept: ReadonlySet<Change>): CrashState {
  const orders = Array.from(kept, ({ order }) => order);
  return { label: `+${orders.join("+")}`, fateOf: (change) => (kept.has(change) ? "kept" : "lost"), isKill: false };
}

function withOneTorn(kept: ReadonlySet<Change>, torn: Change | undefined, random: Random, label: string): CrashState {
  const part = torn && !isName(torn) && torn.kind === "write" ? tornPart(torn, random) : undefined;
  const fateOf = (change: Change): Fate => {
    if (change === torn && part) return part.part;
    return kept.has(change) ? "kept" : "lost";
  };
  return { label: `${label} ${part?.label ?? ""}`, fateOf, isKill: false };
}

/** Any subset, with torn writes. */
function tornState(changes: readonly Change[], random: Random, share: number): CrashState {
  const fates = new Map<Change, Fate>();
  const labels: string[] = [];
  for (const change of changes) {
    if (random.below(100) >= share) continue;
    if (isName(change) || change.kind === "truncate" || random.below(3) === 0) {
      fates.set(change, "kept");
      labels.push(`+${change.order}`);
    } else {
      const { part, label } = tornPart(change, random);
      fates.set(change, part);
      labels.push(`~${change.order}${label}`);
    }
  }
  return { label: labels.join(""), fateOf: (change) => fates.get(change) ?? "lost", isKill: false };
}

/** Files that have grown without their bytes, or that have the bytes without the size. */
function grownState(changes: readonly Change[], kept: ReadonlySet<Change>, random: Random): CrashState {
  const grows = random.below(2) === 0;
  const seed = random.below(3) === 0 ? random.below(2 ** 30) : undefined;
  const part: Part = {
    sectorBytes: grows ? 0 : 512,
    has: () => true,
    grows,
    ...(seed === undefined ? {} : { garbage: seed }),
  };
  const orders = Array.from(kept, ({ order }) => order).join("+");
  const fateOf = (change: Change): Fate => {
    if (kept.has(change)) return "kept";
    return isName(change) || change.kind === "truncate" ? (seed === undefined ? "kept" : "lost") : part;
  };
  return { label: `${grows ? "size" : "data"} ${seed ?? ""}+${orders}`, fateOf, isKill: changes.length === 0 };
}

/** A write with only some of its sectors, or only its first bytes. */
function tornPart(write: DataChange & { kind: "write" }, random: Random): { part: Part; label: string } {
  const grows = random.below(4) > 0;
  const seed = random.below(4) === 0 ? { garbage: random.below(2 ** 30) } : {};
  if (random.below(6) === 0) {
    const until = random.below(write.bytes.length);
    return { part: { sectorBytes: 1, has: (byte) => byte < until, grows, ...seed }, label: `b${until}${grows}` };
  }
  const sectorBytes = random.pick(SECTOR_SIZES);
  const count =
    Math.ceil((write.position + write.bytes.length) / sectorBytes) - Math.floor(write.position / sectorBytes);
  const at = random.below(count + 1);
  const bits = random.below(2 ** 30);
  const [has, kind]: [(sector: number) => boolean, string] = random.pick([
    [(sector: number) => sector < at, "first"],
    [(sector: number) => sector >= at, "last"],
    [(sector: number) => sector === at, "one"],
    [(sector: number) => sector !== at, "but"],
    [(sector: number) => ((Math.imul(sector + 1, 0x9e3779b1) ^ bits) >>> 7) % 2 === 0, `any${bits}`],
  ]);
  return { part: { sectorBytes, has, grows, ...seed }, label: `${kind}${at}/${sectorBytes}${grows}${seed.garbage}` };
}
