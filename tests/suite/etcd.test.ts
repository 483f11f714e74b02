/**
 * The suite of all stores, on etcd. The suite has batches of some thousand operations, so etcd is configured for them.
 *
 * @module
 */

import { after, before } from "node:test";
import { EtcdCluster } from "../../scripts/lib/services/etcd.ts";
import { openEtcd } from "../../src/servers/etcd/mod.ts";
import { etcdTest, HAS_ETCD } from "../support/services/etcd.ts";
import { asyncSuite } from "./async_suite.ts";

const maxOperations = 20_000;

let cluster: EtcdCluster;
let stores = 0;

before(async () => {
  if (HAS_ETCD) cluster = await EtcdCluster.start({ args: [`--max-txn-ops=${maxOperations}`] });
});
after(() => cluster?.end());

asyncSuite(
  "etcd",
  async (use) => {
    stores += 1;
    await using store = await openEtcd({ endpoints: cluster.endpoints, prefix: `suite-${stores}/`, maxOperations });
    await use(store);
  },
  { kind: "etcd", test: etcdTest },
);
