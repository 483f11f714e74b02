/**
 * A PostgreSQL server is killed and restarted again and again, under writers, counters, transactions and a watch of two
 * clients. No acknowledged write may be lost, none done twice, and the watch may miss nothing and get nothing twice.
 *
 * @module
 */

import { type AsyncStore, StoreError } from "../../../mod.ts";
import { openPostgres } from "../../../src/servers/postgres/mod.ts";
import { PostgresServer } from "../../lib/postgres_server.ts";
import { Random } from "../../lib/random.ts";
import { median } from "../../lib/statistics.ts";
import { Campaign } from "../campaign.ts";
import type { FailoverOptions } from "./standby.ts";

const ACCOUNTS = 10;
const EUROS = 100;

/** See the module. */
export async function killCampaign({ kills, writers, every, ...values }: FailoverOptions): Promise<void> {
  const random = new Random(values.seed);
  const sums = { puts: 0, increments: 0, transactions: 0, changes: 0, killed: 0, stopped: 0, unknown: 0 };
  const campaign = new Campaign({
    ...values,
    verb: "killing",
    total: kills,
    what: "kills",
    detail: () => `${sums.puts} puts, ${sums.transactions} transactions, ${sums.changes} changes watched`,
  });
  const server = await PostgresServer.start();
  const options = { url: server.url, timeout: 60_000, connections: 8 };
  const [one, two] = [await openPostgres(options), await openPostgres(options)];
  const text = (value: Uint8Array | undefined) => Number(new TextDecoder().decode(value) || 0);
  const fail = (what: string) => campaign.fail(what, `node scripts/campaign.ts postgres --seed ${values.seed}`);
  const name = (i: number) => `writer/${String(i).padStart(3, "0")}`;
  const accounts = Array.from({ length: ACCOUNTS }, (_, i) => `account/${i}`);
  await one.batch(accounts.map((key) => ({ type: "put", key, value: `${EUROS}` })));

  let isOver = false;
  /** What each writer was told is done. */
  const acknowledged = new Map<string, number>();
  let lastAnswer = performance.now();
  let gap = 0;

  /** Runs `work` until the end. Only an outcome that nobody knows may be an error. */
  async function repeat(work: () => Promise<void>): Promise<void> {
    while (!isOver) {
      try {
        await work();
        gap = Math.max(gap, performance.now() - lastAnswer);
        lastAnswer = performance.now();
      } catch (error) {
        if (!(error instanceof StoreError && error.code === "OUTCOME_UNKNOWN")) {
          fail(`a call failed: ${String(error)}`);
          return;
        }
        sums.unknown += 1;
      }
    }
  }

  const working = Array.from({ length: writers }, (_, i) => {
    const store = i % 2 ? one : two;
    const key = name(i);
    return repeat(async () => {
      const next = (acknowledged.get(key) ?? 0) + 1;
      await store.put(key, `${next}`);
      acknowledged.set(key, next);
      sums.puts += 1;
      if (next % 4 !== 0) return;
      await store.increment("counter");
      sums.increments += 1;
    });
  });
  const moving = [one, two].map((store: AsyncStore) =>
    repeat(async () => {
      const [from = "", to = ""] = [accounts[random.below(ACCOUNTS)], accounts[random.below(ACCOUNTS)]];
      await store.transaction(async (tx) => {
        const [a, b] = [text(await tx.get(from)), text(await tx.get(to))];
        if (from === to) return;
        tx.put(from, `${a - 1}`);
        tx.put(to, `${b + 1}`);
      });
      sums.transactions += 1;
    }),
  );
  /** The last number of each writer that the watch has seen. */
  const seen = new Map<string, number>();
  const ending = new AbortController();
  const watching = (async () => {
    for await (const { key, value } of two.watch({ prefix: "writer/" }, { since: 0, signal: ending.signal })) {
      const [number, before] = [text(value), seen.get(key) ?? 0];
      sums.changes += 1;
      if (number !== before + 1) fail(`the watch has ${key} ${number} after ${before}`);
      seen.set(key, number);
    }
  })();
  watching.catch((error: unknown) => {
    if (!ending.signal.aborted) fail(`the watch failed: ${String(error)}`);
  });

  const gaps: number[] = [];
  for (let done = 0; done < kills && !campaign.isOver; done++) {
    await pause(every);
    gap = 0;
    if (random.below(2) === 0) {
      sums.killed += 1;
      await server.kill();
    } else {
      sums.stopped += 1;
      await server.stopAtOnce();
    }
    await server.restart();
    const before = sums.puts;
    while (sums.puts < before + writers && campaign.failures === 0) await pause(5);
    gaps.push(gap);
    await campaign.update(done + 1);
  }
  isOver = true;
  await Promise.all([...working, ...moving]);
  for (const [key, number] of acknowledged) {
    const found = text(await one.get(key));
    if (found !== number) fail(`${key} has ${found}, and ${number} was acknowledged`);
  }
  const counted = await one.increment("counter", 0);
  if (counted < sums.increments) fail(`the counter has ${counted}, and ${sums.increments} were acknowledged`);
  if (counted > sums.increments + sums.unknown)
    fail(`the counter has ${counted} of ${sums.increments}: some came twice`);
  const euros = (await one.values({ prefix: "account/" }).toArray()).reduce((sum, value) => sum + text(value), 0);
  if (euros !== ACCOUNTS * EUROS) fail(`the accounts have ${euros} euros of ${ACCOUNTS * EUROS}`);
  const end = performance.now() + 60_000;
  const isWatched = () => [...acknowledged].every(([key, number]) => seen.get(key) === number);
  while (!isWatched() && performance.now() < end) await pause(20);
  if (!isWatched()) fail("the watch has not seen every acknowledged write");
  ending.abort();
  await watching.catch(() => {});
  await Promise.all([one.close(), two.close()]);
  await server.end();
  campaign.finish(
    [
      `${sums.killed} kills and ${sums.stopped} stops of the server`,
      `${sums.puts} puts, ${sums.increments} increments, ${sums.transactions} transactions, ${sums.changes} changes`,
      `${sums.unknown} unknown outcomes`,
      `without an answer ${Math.round(median(gaps))} ms in the middle, ${Math.round(Math.max(...gaps))} at most`,
    ].join(", "),
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
