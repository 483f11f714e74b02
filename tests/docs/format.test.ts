/**
 * The first bytes of each file of a store are as docs/format.md says.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MemoryStore, open } from "../../mod.ts";
import {
  BACKUP_FORMAT,
  FRAME_BYTES,
  LARGEST_INLINE_BYTES,
  MAX_PAYLOAD_BYTES,
  PIECE_BYTES,
} from "../../src/backup/format.ts";
import { COMPRESSED_FORMAT_VERSION, FORMAT_VERSION } from "../../src/store_marker.ts";
import { ABI_VERSION } from "../../src/wasm/interface.ts";
import { nodeTest } from "../support/node_only.ts";
import { fencesOf, readPage } from "../support/pages.ts";
import { withDirectory } from "../support/temporary.ts";

const PAGE = "docs/format.md";

nodeTest("the marker is the text on the page", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "store");
    await (await open(path)).close();
    const shown = fencesOf(PAGE).find(({ code }) => code.startsWith("luge "))?.code ?? "";
    assert.ok(shown.startsWith(`luge ${FORMAT_VERSION}\n`));
    const pattern = shown.replace("<8 hexadecimal digits>", "[0-9a-f]{8}");
    assert.match(readFileSync(join(path, "LUGE"), "latin1"), new RegExp(`^${pattern}$`));
  }),
);

nodeTest("a compressed store has one more line in its marker, and compressed blocks begin as on the page", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "store");
    const store = await open({ path, compression: "lz4" });
    for (let i = 0; i < 20; i++) await store.put(`key/${i}`, "value".repeat(40));
    await store.compact();
    await store.close();
    const marker = readFileSync(join(path, "LUGE"), "latin1");
    assert.match(marker, /^luge 5\nnumVersionsToKeep 1\ncompression lz4\ncrc32 [0-9a-f]{8}\n$/);
    assert.ok(marker.startsWith(`luge ${COMPRESSED_FORMAT_VERSION}\n`));
    const bytes = readFileSync(join(path, "bottom", "0000000001.luge"));
    // Behind the headers of the segment and the record: level, length of the separator, 3, length of the block.
    assert.deepEqual([...bytes.subarray(32 + 24, 32 + 24 + 3)], [1, 0, 3]);
    const [length] = varintAt(bytes, 32 + 24 + 3);
    assert.ok(length > 20 * 200 && length < 20 * 230, `${length}`);
    assert.ok(bytes.readUInt32LE(32 + 4) < 600);
  }),
);

nodeTest("a segment and its records have their fields at the offsets of the page", () =>
  withDirectory(async (directory) => {
    const path = join(directory, "store");
    const store = await open(path);
    await store.put("key", "value", { ttl: 60_000 });
    const { version } = store;
    const [name = ""] = readdirSync(join(path, "log"));
    assert.equal(name, "0000000001.luge");
    const bytes = readFileSync(join(path, "log", name));
    const { expiresAt } = (await store.getEntry("key")) ?? {};
    const versions = await store.versions("key");
    await store.close();

    assert.equal(bytes.toString("latin1", 0, 7), "lugelog");
    assert.deepEqual([bytes[7], bytes.readBigUInt64LE(8), bytes.readBigUInt64LE(16)], [4, 1n, 0n]);
    assert.notEqual(bytes.readUInt32LE(28), 0, "the owner");
    // The first record reserves versions. The next one has the time, and then comes the commit.
    const [reservation, payload] = [32, bytes.readUInt32LE(32 + 4)];
    assert.deepEqual([bytes[reservation + 24], payload], [2, 9]);
    const time = reservation + Math.ceil((24 + payload) / 8) * 8;
    assert.deepEqual([bytes.readUInt32LE(time + 4), bytes[time + 24]], [9, 6]);
    assert.equal(bytes.readBigUInt64LE(time + 8), BigInt(version - 1));
    const [{ writtenAt } = {}] = versions;
    assert.equal(Number(bytes.readBigUInt64LE(time + 25)), writtenAt);
    const commit = time + Math.ceil((24 + 9) / 8) * 8;
    assert.equal(bytes.readBigUInt64LE(commit + 8), BigInt(version));
    const operation = bytes.subarray(commit + 24, commit + 24 + bytes.readUInt32LE(commit + 4));
    assert.deepEqual([...operation.subarray(0, 3)], [1, 1 + 128, 3]);
    const [expiry, end] = varintAt(operation, 3);
    assert.equal(expiry, expiresAt);
    assert.equal(operation[end], "value".length);
    assert.equal(operation.toString("latin1", end + 1), "keyvalue");
  }),
);

nodeTest("a backup has its fields at the offsets of the page", async () => {
  const store = new MemoryStore({ numVersionsToKeep: 3 });
  await store.put("key", "value");
  const bytes = Buffer.from(await new Response(store.backup()).bytes());
  assert.equal(bytes.toString("latin1", 0, 8), "lugeback");
  const fields = bytes.readUInt16LE(9);
  assert.deepEqual([bytes[8], bytes[11], bytes[12], bytes[13]], [1, 0, 0, store.version]);
  const [created, end] = varintAt(bytes, 14);
  assert.ok(Math.abs(created - Date.now()) < 3_600_000);
  assert.deepEqual([bytes[end], end + 1], [3, 11 + fields]);
  const frame = 11 + fields + 8;
  assert.deepEqual([bytes.readUInt32LE(frame), bytes[frame + 4]], [12, 1]);
  assert.deepEqual([...bytes.subarray(frame + 5, frame + 9)], [1, 3, store.version, 5]);
  assert.equal(bytes.toString("latin1", frame + 9, frame + 17), "keyvalue");
  const trailer = frame + 5 + 12 + 8;
  assert.deepEqual([bytes.readUInt32LE(trailer), bytes[trailer + 4]], [4, 3]);
  assert.deepEqual([...bytes.subarray(trailer + 5, trailer + 9)], [1, 0, 8, 1]);
  assert.equal(bytes.length, trailer + 9 + 32);
});

nodeTest("the pages have the numbers of the code", () => {
  const kib = (count: number) => `${count / 1024} KiB`;
  const page = readPage(PAGE);
  assert.equal(BACKUP_FORMAT, 1);
  for (const size of [FRAME_BYTES, LARGEST_INLINE_BYTES, MAX_PAYLOAD_BYTES, PIECE_BYTES]) {
    assert.ok(page.includes(kib(size)), kib(size));
  }
  const engine = readPage("docs/design/engine_interface.md").replace(/\s+/g, " ");
  assert.ok(engine.includes(`has version ${ABI_VERSION} `), `version ${ABI_VERSION}`);
  const exports = readPage("src/wasm/interface.ts").match(/\bluge_\w+(?=\()/g) ?? [];
  assert.ok(exports.length > 30);
  const missing = exports.filter((name) => !engine.includes(`\`${name}(`));
  assert.deepEqual(missing, []);
});

/** A varint, and the offset after it. */
function varintAt(bytes: Uint8Array, at: number): [number, number] {
  let [value, factor, end] = [0, 1, at];
  for (let byte = 0x80; byte >= 0x80; factor *= 0x80) {
    byte = bytes[end++] ?? 0;
    value += (byte & 0x7f) * factor;
  }
  return [value, end];
}
