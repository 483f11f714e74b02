/**
 * Starts PostgreSQL and three nodes of etcd on this machine, on free ports and in temporary directories. Prints their
 * addresses. Ends them, and removes the directories, at Ctrl-C or SIGTERM.
 *
 * ```sh
 * npm run services
 * ```
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import { describeProgram, natural, readOptions } from "./lib/options.ts";
import { PostgresServer, postgresFolder } from "./lib/postgres_server.ts";
import { EtcdCluster, hasEtcd } from "./lib/services/etcd.ts";

describeProgram("scripts/services.ts", "Starts PostgreSQL and three nodes of etcd, for as long as it runs.");
const { nodes } = readOptions({ nodes: natural("how many nodes of etcd", 3) });

const missing = [
  ...(postgresFolder() === undefined ? ["postgresql-15"] : []),
  ...(hasEtcd() ? [] : ["etcd-server", "etcd-client"]),
];
if (missing.length > 0) throw new Error(`Not installed: apt-get install ${missing.join(" ")}`);

// Before the servers start, so that a signal meanwhile ends them, too.
const ended = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
const etcd = nodes === 0 ? undefined : await EtcdCluster.start({ size: nodes });
try {
  const postgres = await PostgresServer.start();
  try {
    console.log(`PostgreSQL  ${postgres.url}`);
    if (etcd) console.log(`etcd        ${etcd.endpoints.join(",")}`);
    console.log("Ctrl-C ends them");
    await ended;
  } finally {
    await postgres.end();
  }
} finally {
  await etcd?.end();
}
