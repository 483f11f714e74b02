/**
 * A disk that writes and reads fewer bytes than asked for: further calls write and read the rest.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open, StoreError } from "../../mod.ts";
import { Random } from "../../scripts/lib/random.ts";
import { writeAll } from "../../src/fs/write_all.ts";
import { ShortFileSystem } from "../support/short_file_system.ts";

const random = new Random(16);
const WAYS: Readonly<Record<string, (length: number) => number>> = {
  "half of it": (length) => length / 2,
  "all but one byte": (length) => length - 1,
  "7 bytes": () => 7,
  "any part of it": (length) => 1 + random.below(length),
};

describe("a disk that transfers only a part of each request", () => {
  for (const [name, most] of Object.entries(WAYS)) {
    test(`${name}: everything works`, async () => {
      const disk = new MemoryFileSystem();
      const config = {
        path: "/store",
        writeBufferSize: 256 * 1024,
        cacheSize: 1 << 20,
        fileSystem: new ShortFileSystem(disk, most),
      };
      const value = (i: number) => new Uint8Array(i % 10 === 0 ? 6000 : 200).fill(i);
      let backup: Uint8Array<ArrayBuffer>;
      {
        await using store = await open({ ...config, numVersionsToKeep: 2 });
        for (let i = 0; i < 600; i++) store.put(`key${i}`, value(i));
        await store.flush();
        for (let i = 0; i < 600; i += 3) store.delete(`key${i}`);
        await store.compact();
        assert.deepEqual((await store.verify()).damages, []);
        backup = new Uint8Array(await new Response(store.backup()).arrayBuffer());
        await store.backupTo("/copy");
      }
      {
        await using restored = await open({ ...config, path: "/restored" });
        await restored.restore(new Response(backup).body as ReadableStream<Uint8Array>);
      }
      for (const path of ["/store", "/copy", "/restored"]) {
        for (const fileSystem of [disk, config.fileSystem]) {
          await using store = await open({ ...config, path, fileSystem });
          assert.equal((await store.scan("")).size, 400, path);
          for (let i = 1; i < 600; i += 3) assert.deepEqual(await store.get(`key${i}`), value(i));
        }
      }
      await using reader = await open({ ...config, readOnly: true });
      assert.equal((await reader.scan("")).size, 400);
    });
  }

  test("a disk that writes nothing any more is an error, not an endless loop", async () => {
    assert.throws(() => writeAll({ write: () => 0 }, new Uint8Array(3), 0, "/file"), /EIO/);
    const disk = new MemoryFileSystem();
    const fileSystem = new ShortFileSystem(disk, (length) => length);
    const inner = fileSystem.open.bind(fileSystem);
    fileSystem.open = (path, options) => Object.assign(inner(path, options), { write: () => 0 });
    await assert.rejects(open({ path: "/store", fileSystem }), (error) => error instanceof StoreError);
  });
});
