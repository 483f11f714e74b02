/**
 * Processes on all runtimes share a store. The owner or a client is killed again and again, and others take their
 * place; or it is stopped for a while. At the end nothing may be lost, done twice or hang, and the registers must be
 * linearizable. Some follow: their reads may be of the past, but never go back, find their own writes, and find of each
 * transaction all or nothing.
 *
 * ```sh
 * node scripts/campaign.ts shared [--kills 400] [--stops 50] [--members 5] [--remote 2] [--followers 0] [--every 300]
 *   [--seed 1]
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../../../mod.ts";
import { freePort } from "../../lib/free_port.ts";
import { count, readOptions, runtimes } from "../../lib/options.ts";
import { Random } from "../../lib/random.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { faultsOf } from "./check.ts";
import { Member } from "./members.ts";
import type { Done } from "./operations.ts";

/** The store is checked, and a new one begun, after so many kills. */
const KILLS_A_STORE = 20;
const PATIENCE_MS = 60_000;
/** How long a process is stopped at most, in milliseconds. Another one takes over after two seconds. */
const LONGEST_STOP_MS = 6000;

const { kills, stops, members, remote, every, followers, runtime, ...values } = readOptions({
  kills: count("how many processes are killed or stopped", 400),
  stops: count("how many of a hundred are stopped, and not killed", 50),
  members: count("how many processes share the store", 5),
  remote: count("how many more processes use it over the network, each through a gateway of its own", 0),
  every: count("milliseconds between two kills", 300),
  followers: count("how many of a hundred processes follow", 0),
  runtime: runtimes(),
  ...COMMON_OPTIONS,
});
if (remote > members) throw new RangeError(`--remote is ${remote}: expected at most --members, which is ${members}`);
const sums = { owners: 0, clients: 0, stoppedOwners: 0, stoppedClients: 0, fenced: 0, operations: 0, unanswered: 0 };
const campaign = new Campaign({
  ...values,
  verb: "killing",
  total: kills,
  what: "kills and stops",
  detail: () => `${sums.owners + sums.stoppedOwners} owners, ${sums.operations} operations`,
});

for (let done = 0, round = 0; done < kills && !campaign.isOver; round++) {
  const folder = mkdtempSync(join(tmpdir(), "luge-shared-"));
  const seed = values.seed + round;
  const random = new Random(seed);
  let started = 0;
  const ports = await Promise.all(Array.from({ length: remote }, freePort));
  const directory = join(folder, "store");
  /** The first members are gateways: so is each that takes the place of one. The last ones connect to them. */
  const start = (at: number) => {
    started += 1;
    const on = runtime[started % runtime.length] ?? "node";
    const way = {
      directory,
      listens: ports[at],
      connects: ports[at - members],
      follows: at < members && random.below(100) < followers,
    };
    return new Member(on, folder, `m${started}`, seed * 1000 + started, way);
  };
  const all: Member[] = [];
  const stopped: Promise<void>[] = [];
  const present = Array.from({ length: members + remote }, (_, at) => start(at));
  all.push(...present);
  const fail = (what: string) =>
    campaign.fail(
      `seed ${seed}: ${what}; the store is in '${folder}'`,
      `node scripts/campaign.ts shared --seed ${seed}`,
    );
  await pause(1500);
  for (let i = 0; i < KILLS_A_STORE && done < kills && !campaign.isOver; i++, done++) {
    await pause(every);
    const wantsOwner = random.below(2) === 0;
    const at = Math.max(
      0,
      present.findIndex(({ role }) => (role === "owner") === wantsOwner),
    );
    const victim = present[at] as Member;
    const isOwner = victim.role === "owner";
    if (random.below(100) < stops) {
      sums[isOwner ? "stoppedOwners" : "stoppedClients"] += 1;
      // Others are killed and stopped meanwhile, perhaps this one, too.
      const freezing = victim.freeze(random.below(LONGEST_STOP_MS));
      stopped.push(freezing);
      // Often enough for a process to take over.
      if (random.below(2) === 0) await freezing;
    } else {
      sums[isOwner ? "owners" : "clients"] += 1;
      await victim.kill();
      present[at] = start(at);
      all.push(present[at] as Member);
    }
    if (present.some(({ isBroken }) => isBroken)) fail("a member ended by itself");
    await campaign.update(done + 1);
  }
  await Promise.all(stopped);
  await pause(1000);
  const end = async (ending: readonly Member[]) => {
    await Promise.all(ending.map((member) => member.end(PATIENCE_MS).catch((error: Error) => fail(error.message))));
  };
  // A call over the network waits for a gateway, however long there is none.
  await end(present.slice(members));
  await end(present.slice(0, members));
  const history = all.flatMap((member): Done[] => member.history());
  sums.operations += history.length;
  sums.fenced += all.reduce((sum, { timesFenced }) => sum + timesFenced, 0);
  sums.unanswered += history.filter(({ endMs }) => endMs === undefined).length;
  const store = await open(directory);
  const faults = await faultsOf(store, history);
  const { damages } = await store.verify();
  if (damages.length > 0) faults.push(`${damages.length} damages`);
  await store.close();
  for (const fault of faults) fail(fault);
  if (faults.length === 0) rmSync(folder, { recursive: true });
}
campaign.finish(
  [
    `${sums.owners} owners and ${sums.clients} clients killed`,
    `${sums.stoppedOwners} owners and ${sums.stoppedClients} clients stopped`,
    `${sums.fenced} came back as a client`,
    `${sums.operations} operations, ${sums.unanswered} of them without an answer`,
  ].join(", "),
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
