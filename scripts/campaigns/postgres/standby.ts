/**
 * Two PostgreSQL servers. The one that takes writes is killed again and again, its synchronous standby takes its place,
 * and the killed one becomes the new standby, under writers, transactions and a watch. At the end no acknowledged write
 * may be lost, none done twice, and the watch must have told each change once.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { openPostgres } from "../../../src/servers/postgres/mod.ts";
import { PostgresPair } from "../../lib/postgres_pair.ts";
import { Campaign, type CampaignSettings } from "../campaign.ts";
import { Load } from "../servers/load.ts";
import { Gaps } from "../servers/tally.ts";

const CLIENTS = 4;
/** How long writes may take to go on after a failover, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What the campaign takes. */
export interface FailoverOptions extends Pick<CampaignSettings, "seed" | "minutes" | "progress"> {
  readonly kills: number;
  readonly writers: number;
  /** Milliseconds from one failover to the next one, with the standby in place. */
  readonly every: number;
}

/** See the module. */
export async function failoverCampaign({ kills, writers, every, ...values }: FailoverOptions): Promise<void> {
  await using pair = await PostgresPair.start();
  const gaps = new Gaps();
  const open = () => openPostgres({ url: pair.url, timeout: 60_000, connections: 8 });
  const load = await Load.open(open, CLIENTS, gaps, values.seed);
  const detail = () => load.detail;
  const campaign = new Campaign({ ...values, verb: "failing over", total: kills, what: "failovers", detail });
  load.start(writers);
  let done = 0;
  for (; done < kills && !campaign.isOver && campaign.failures === 0; done++) {
    await sleep(every);
    gaps.begin();
    await pair.failOver();
    const [before, end] = [load.writes, Date.now() + PATIENCE_MS];
    while (load.writes < before + writers && Date.now() < end) await sleep(5);
    if (load.writes < before + writers) campaign.fail(`seed ${values.seed}: writes do not go on after a failover`);
    gaps.end();
    await pair.rejoin();
    await campaign.update(done + 1);
  }
  const { lost, doubled, missed, text } = await load.finish();
  for (const fault of load.faults) campaign.fail(`seed ${values.seed}: ${fault}`);
  console.log(`acknowledged writes lost ${lost}, done twice ${doubled}, changes missed or doubled ${missed}`);
  console.log(`without any acknowledged write: median ${gaps.median.toFixed(0)} ms, worst ${gaps.worst.toFixed(0)} ms`);
  campaign.finish(`${done} failovers: ${text}`);
}
