/** Writes to a plain file: the physical limit of durable writes. @module */

import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { eachEntry, type Peer } from "../contract.ts";

const FILE_BYTES = 1 << 26;

/** Writes to a file with allocated blocks, and calls `fdatasync`. */
export const rawFile: Peer = {
  name: "raw file",
  kind: "file",
  runtimes: ["node", "bun", "deno"],
  settings: { buffered: "write, one fdatasync at the end", durable: "write into an allocated file, fdatasync" },
  open(directory) {
    const file = openSync(join(directory, "raw"), "w+");
    const zeros = new Uint8Array(1 << 20);
    for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(file, zeros, 0, zeros.length, at);
    fdatasyncSync(file);
    let at = 0;
    const write = (key: string, value: Uint8Array) => {
      const record = Buffer.concat([Buffer.from(key), value]);
      writeSync(file, record, 0, record.length, at);
      at = (at + record.length) % FILE_BYTES;
    };
    return {
      load: (entries) => eachEntry(entries, write),
      flush: () => fdatasyncSync(file),
      putSync(key, value) {
        write(key, value);
        fdatasyncSync(file);
      },
      close: () => closeSync(file),
    };
  },
};
