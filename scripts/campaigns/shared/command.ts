/**
 * Processes on all runtimes share a store. The owner or a client is killed again and again, and others take their
 * place. At the end nothing may be lost, done twice or hang, and the registers must be linearizable.
 *
 * ```sh
 * node scripts/campaign.ts shared [--kills 400] [--members 5] [--every 300] [--seed 1]
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "../../../mod.ts";
import { count, readOptions, runtimes } from "../../lib/options.ts";
import { Random } from "../../lib/random.ts";
import { Campaign, COMMON_OPTIONS } from "../campaign.ts";
import { faultsOf } from "./check.ts";
import { Member } from "./members.ts";
import type { Done } from "./operations.ts";

/** The store is checked, and a new one begun, after so many kills. */
const KILLS_A_STORE = 20;
const PATIENCE_MS = 60_000;

const { kills, members, every, runtime, ...values } = readOptions({
  kills: count("how many processes are killed", 400),
  members: count("how many processes share the store", 5),
  every: count("milliseconds between two kills", 300),
  runtime: runtimes(),
  ...COMMON_OPTIONS,
});
const sums = { owners: 0, clients: 0, operations: 0, unanswered: 0 };
const campaign = new Campaign({
  ...values,
  verb: "killing",
  total: kills,
  what: "kills",
  detail: () => `${sums.owners} owners, ${sums.operations} operations`,
});

for (let done = 0, round = 0; done < kills && !campaign.isOver; round++) {
  const folder = mkdtempSync(join(tmpdir(), "luge-shared-"));
  const seed = values.seed + round;
  const random = new Random(seed);
  let started = 0;
  const start = () => {
    started += 1;
    const on = runtime[started % runtime.length] ?? "node";
    return new Member(on, folder, `m${started}`, seed * 1000 + started);
  };
  const all: Member[] = [];
  const present = Array.from({ length: members }, start);
  all.push(...present);
  const fail = (what: string) =>
    campaign.fail(
      `seed ${seed}: ${what}; the store is in '${folder}'`,
      `node scripts/campaign.ts shared --seed ${seed}`,
    );
  await pause(1500);
  for (let i = 0; i < KILLS_A_STORE && done < kills && !campaign.isOver; i++, done++) {
    await pause(every);
    const wanted = random.below(2) === 0 ? "owner" : "client";
    const at = Math.max(
      0,
      present.findIndex(({ role }) => role === wanted),
    );
    const victim = present[at] as Member;
    if (victim.role === "owner") sums.owners += 1;
    else sums.clients += 1;
    await victim.kill();
    present[at] = start();
    all.push(present[at] as Member);
    if (present.some(({ isBroken }) => isBroken)) fail("a member ended by itself");
    await campaign.update(done + 1);
  }
  await pause(1000);
  await Promise.all(present.map((member) => member.end(PATIENCE_MS).catch((error: Error) => fail(error.message))));
  const history = all.flatMap((member): Done[] => member.history());
  sums.operations += history.length;
  sums.unanswered += history.filter(({ endMs }) => endMs === undefined).length;
  const store = await open(join(folder, "store"));
  const faults = await faultsOf(store, history);
  const { damages } = await store.verify();
  if (damages.length > 0) faults.push(`${damages.length} damages`);
  await store.close();
  for (const fault of faults) fail(fault);
  if (faults.length === 0) rmSync(folder, { recursive: true });
}
campaign.finish(
  `${sums.owners} owners and ${sums.clients} clients killed, ${sums.operations} operations, ${sums.unanswered} of them without an answer`,
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
