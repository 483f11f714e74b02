/** sled itself, compiled for the machine: the limit of an engine that is built on it. @module */

import type { Peer } from "../contract.ts";

/** The program in `native_sled`, which Node only starts. Left out if cargo is not installed. */
export const nativeSled: Peer = {
  name: "sled, native",
  kind: "store",
  runtimes: ["node"],
  program: true,
  most: 100_000,
  settings: { buffered: "defaults, flush at the end", durable: "defaults, flush after each insert" },
  open() {
    throw new Error("sled is no module: its program is started instead");
  },
};
