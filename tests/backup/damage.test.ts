/**
 * Damaged backups. Each is refused with position and reason, and the store does not change. Or it restores exactly.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { inspectBackup, MemoryStore } from "../../mod.ts";
import { bytesOf, contentsOf, KINDS, streamOf, writeAtRandom } from "../../scripts/campaigns/backups/contents.ts";
import { damageOf } from "../../scripts/campaigns/backups/damages.ts";
import { framesOf } from "../../scripts/lib/backup_anatomy.ts";
import { Random } from "../../scripts/lib/random.ts";
import { storeError } from "../support/expect.ts";

const refused = storeError("BACKUP_INVALID", /^Wrong backup, at byte \d+: \S/);

async function smallBackup(): Promise<Uint8Array> {
  await using store = new MemoryStore();
  await store.put("a", "value");
  await store.put("b", "another", { ttl: 1e9 });
  return await bytesOf(store.backup());
}

describe("a damaged backup", () => {
  test("is refused with any byte changed, cut at any length, and with anything behind it", async () => {
    const backup = await smallBackup();
    await using store = new MemoryStore();
    for (let at = 0; at < backup.length; at++) {
      const changed = Uint8Array.from(backup);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      await assert.rejects(store.restore(streamOf(changed)), refused);
      await assert.rejects(store.restore(streamOf(backup.slice(0, at))), refused);
    }
    await assert.rejects(
      inspectBackup(streamOf(Uint8Array.of(...backup, 0))),
      storeError("BACKUP_INVALID", "follows its trailer"),
    );
    assert.deepEqual([store.version, store.countSync()], [0, 0]);
    await store.restore(streamOf(backup, 1));
    assert.equal(store.countSync(), 2);
  });

  test("says where it is damaged and why", async () => {
    const backup = await smallBackup();
    const inspect = (bytes: Uint8Array, part: string) =>
      assert.rejects(inspectBackup(streamOf(bytes)), storeError("BACKUP_INVALID", part));
    await inspect(new Uint8Array(0), "at byte 0: it is empty");
    await inspect(new TextEncoder().encode("SQLite format 3\0"), "at byte 0: it is no backup of luge");
    await inspect(gzipSync(backup), "at byte 0: it is compressed with gzip");
    await inspect(
      Uint8Array.from(backup, (byte, at) => (at === 8 ? 9 : byte)),
      "at byte 8: it has format 9, this release reads format 1",
    );
    await inspect(backup.slice(0, 50), "at byte 50: it ends before its trailer");
    const [, frame] = framesOf(backup);
    assert.ok(frame);
    const changed = Uint8Array.from(backup);
    changed[frame.start + 7] = 99;
    await inspect(changed, `at byte ${frame.start}: what stands there is not what was written`);
  });

  for (const { name, make } of KINDS) {
    test(`leaves a ${name} as it was, whatever was done to it`, async () => {
      await using source = new MemoryStore();
      await writeAtRandom(source, 7, 600, 60_000);
      const [base, since] = [await bytesOf(source.backup()), source.version];
      await writeAtRandom(source, 8, 600, 60_000);
      const increment = await bytesOf(source.backup({ since }));
      await using store = await make();
      await store.restore(streamOf(base));
      const before = contentsOf(store);
      const random = new Random(11);
      for (let i = 0; i < 60; i++) {
        const damaged = damageOf(increment, random);
        if (Buffer.compare(damaged, increment) === 0) continue;
        await assert.rejects(store.restore(streamOf(damaged)), refused);
      }
      assert.deepEqual([store.version, contentsOf(store)], [since, before]);
      await store.restore(streamOf(increment));
      assert.deepEqual(contentsOf(store), contentsOf(source));
    });
  }
});
