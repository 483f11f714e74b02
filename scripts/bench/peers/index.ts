/**
 * All measured stores, luge first.
 *
 * @module
 */

import type { Peer } from "../contract.ts";
import { classicLevel, classicLevelCompressed, classicLevelLarge } from "./classic_level.ts";
import { denoKv } from "./deno_kv.ts";
import { lmdb, lmdbCompressed } from "./lmdb.ts";
import { luge, lugeCompressed, lugeLarge } from "./luge.ts";
import { map } from "./map.ts";
import { nativeSled } from "./native_sled.ts";
import { rawFile } from "./raw_file.ts";
import { betterSqlite3, bunSqlite, nodeSqlite, nodeSqlite3Wasm } from "./sqlite.ts";

/** luge and its peers. */
export const PEERS: readonly Peer[] = [
  luge,
  lugeLarge,
  lugeCompressed,
  lmdb,
  lmdbCompressed,
  classicLevel,
  classicLevelLarge,
  classicLevelCompressed,
  betterSqlite3,
  nodeSqlite,
  bunSqlite,
  nodeSqlite3Wasm,
  denoKv,
  nativeSled,
  map,
  rawFile,
];

/** The peer of a name. */
export function peerOf(name: string): Peer {
  const peer = PEERS.find((each) => each.name === name);
  if (!peer)
    throw new RangeError(`Unknown peer '${name}': expected one of ${PEERS.map((each) => each.name).join(", ")}`);
  return peer;
}
