/**
 * Three nodes of etcd: the leader is killed, stopped and cut from the others, under load. The short form of the campaign
 * `etcd`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Load } from "../../scripts/campaigns/servers/load.ts";
import { Gaps } from "../../scripts/campaigns/servers/tally.ts";
import type { EtcdCluster, EtcdNode } from "../../scripts/lib/services/etcd.ts";
import { openEtcd } from "../../src/servers/etcd/mod.ts";
import { etcdTest, withEtcd } from "../support/services/etcd.ts";
import { until } from "../support/until.ts";

type Fault = (cluster: EtcdCluster, leader: EtcdNode) => void | Promise<void>;

const FAULTS: Readonly<Record<string, { readonly begin: Fault; readonly end: Fault }>> = {
  killed: { begin: (_, leader) => leader.kill(), end: (_, leader) => leader.start() },
  stopped: { begin: (_, leader) => leader.pause(), end: (_, leader) => leader.resume() },
  "cut from all": { begin: (cluster, leader) => cluster.isolate(leader), end: (cluster) => cluster.heal() },
};

etcdTest("etcd: no write is lost or done twice, and no change missed, while leaders go and come back", () =>
  withEtcd(
    async (cluster) => {
      const open = () => openEtcd({ endpoints: cluster.endpoints, prefix: "campaign/" });
      const load = await Load.open(open, 2, new Gaps(), 1);
      load.start(6);
      const more = async (what: string) => {
        const before = load.writes;
        await until(() => load.writes > before + 50, `writes while the leader is ${what}`);
      };
      await more("there");
      for (const [what, { begin, end }] of Object.entries(FAULTS)) {
        const leader = await cluster.leader();
        await begin(cluster, leader);
        await more(what);
        await end(cluster, leader);
        await leader.ready();
        await more("back");
      }
      const { text: _, ...figures } = await load.finish();
      assert.deepEqual(load.faults, []);
      assert.deepEqual(figures, { lost: 0, doubled: 0, missed: 0 });
    },
    { size: 3 },
  ),
);
