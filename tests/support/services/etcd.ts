/**
 * etcd for tests. They skip loudly where it is not installed, except in CI.
 *
 * @module
 */

import process from "node:process";
import { test } from "node:test";
import { EtcdCluster, type EtcdOptions, hasEtcd } from "../../../scripts/lib/services/etcd.ts";

/** Whether etcd is installed. */
export const HAS_ETCD: boolean = hasEtcd();

if (!HAS_ETCD) {
  const what = "etcd is not installed: apt-get install etcd-server etcd-client";
  if (process.env.CI === "true") throw new Error(what);
  console.error(`SKIPPED: the tests of etcd. ${what}`);
}

/** As `test`, but skipped where etcd is not installed. */
export const etcdTest: typeof test | typeof test.skip = HAS_ETCD ? test : test.skip;

/** Starts etcd, and ends it afterwards. */
export async function withEtcd<T>(use: (cluster: EtcdCluster) => Promise<T>, options?: EtcdOptions): Promise<T> {
  await using cluster = await EtcdCluster.start(options);
  return await use(cluster);
}
