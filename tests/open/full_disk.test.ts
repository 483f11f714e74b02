/**
 * A full disk: data can be read, deleted and compacted, and then there is room again.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryFileSystem, open, type SledStore, type SledStoreConfig, StoreError } from "../../mod.ts";
import { FullFileSystem } from "../support/full_file_system.ts";
import { diskError, ObservedFileSystem } from "../support/observed_file_system.ts";

const MIB = 1024 * 1024;
const RESERVE_BYTES = 6 * MIB;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

function openOn(disk: FullFileSystem, config: Partial<SledStoreConfig> = {}): Promise<SledStore> {
  return open({ path: "/store", fileSystem: disk, writeBufferSize: MIB, logger: silent, ...config });
}

const keyOf = (index: number) => `key${String(index).padStart(6, "0")}`;
const bytesFor = (index: number, size: number) => new Uint8Array(size).fill(index % 251);

function isFull(code = "ENOSPC"): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, "IO_ERROR");
    assert.equal((error.cause as { code: string }).code, code);
    return true;
  };
}

/** Puts until the disk is full to its last byte. Returns how many values are certainly stored. */
async function fill(disk: FullFileSystem, size: number, config: Partial<SledStoreConfig> = {}): Promise<number> {
  const store = await openOn(disk, config);
  for (let count = 0; ; count += 20) {
    const puts = Array.from({ length: 20 }, (_, i) => store.put(keyOf(count + i), bytesFor(count + i, size)));
    const [first] = (await Promise.allSettled(puts)).filter(({ status }) => status === "rejected");
    if (!first) continue;
    await store.close().catch(() => {});
    fillUp(disk);
    return count;
  }
}

/** Puts values of 3,000 bytes, 100 at a time. */
async function putAll(store: SledStore, count: number): Promise<void> {
  for (let first = 0; first < count; first += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => store.put(keyOf(first + i), bytesFor(first + i, 3000))));
  }
}

/** Uses up the rest of the disk. */
function fillUp(disk: FullFileSystem): void {
  if (disk.free === 0) return;
  const other = disk.open("/other", { write: true, create: true });
  while (disk.free > 0) other.write(new Uint8Array(4096), other.size());
  other.close();
  assert.equal(disk.free, 0);
}

/** A value that compresses badly, different for each index. */
function noise(index: number, sizeOf: (index: number) => number): Uint8Array {
  return new Uint8Array(sizeOf(index)).map((_, i) => Math.imul(index + 1, i + 0x9e37) >>> 7);
}

/** Deletes the first half of the keys. Returns how many are left. */
async function deletedHalf(disk: FullFileSystem, count: number, config: Partial<SledStoreConfig>): Promise<number> {
  await using store = await openOn(disk, config);
  assert.equal(await store.deleteRange({ lt: keyOf(count / 2) }), count / 2);
  return await store.count();
}

/** The steps that must work on a full disk, repeatedly. */
async function empty(
  disk: FullFileSystem,
  count: number,
  size: number,
  config?: Partial<SledStoreConfig>,
): Promise<void> {
  {
    await using store = await openOn(disk, config);
    assert.deepEqual(await store.get(keyOf(7)), bytesFor(7, size));
    for (let i = 0; i < 3; i++) await assert.rejects(store.put("more", "value"), isFull(disk.code));
    assert.throws(() => store.putSync("more", "value"), isFull(disk.code));
    await assert.rejects(
      store.transaction((tx) => tx.put("more", "value")),
      isFull(disk.code),
    );
    assert.equal(await store.get("more"), undefined);
    await store.delete(keyOf(7));
    assert.equal(await store.get(keyOf(7)), undefined);
    assert.deepEqual(await store.get(keyOf(8)), bytesFor(8, size));
  }
  {
    await using store = await openOn(disk, config);
    assert.equal(await store.get(keyOf(7)), undefined);
    assert.ok((await store.deleteRange({ gte: "key" })) >= count - 1);
    await store.compact();
    assert.ok(disk.free > disk.capacity / 2, `${disk.free} bytes are free`);
    await store.put("more", "value");
  }
  assert.equal(disk.stat("/store/RESERVE")?.size, RESERVE_BYTES);
  await using store = await openOn(disk, config);
  assert.equal(await store.count(), 1);
  await store.delete("more");
}

describe("a full disk", () => {
  for (const size of [300, 3000, 30_000]) {
    test(`is emptied, values of ${size} bytes, again and again`, async () => {
      const disk = new FullFileSystem(16 * MIB);
      for (let round = 0; round < 2; round++) await empty(disk, await fill(disk, size), size);
    });
  }

  test("is emptied with the write buffer that a store has by default", async () => {
    const disk = new FullFileSystem(64 * MIB);
    const config = { writeBufferSize: 40 * MIB };
    await empty(disk, await fill(disk, 2000, config), 2000, config);
  });

  test("may be a quota", async () => {
    const disk = new FullFileSystem(16 * MIB);
    disk.code = "EDQUOT";
    await empty(disk, await fill(disk, 3000), 3000);
  });

  test("is emptied after a kill at any moment", async () => {
    const disk = new FullFileSystem(16 * MIB);
    const count = await fill(disk, 3000);
    const killed: FullFileSystem[] = [disk.clone()];
    const store = await openOn(disk);
    killed.push(disk.clone());
    await store.delete(keyOf(1));
    killed.push(disk.clone());
    await store.deleteRange({ gte: keyOf(count / 2) });
    killed.push(disk.clone());
    await store.close();
    for (const left of killed) {
      const again = await openOn(left);
      await again.deleteRange({ gte: "key" });
      await again.compact();
      await again.put("more", "value");
      await again.close();
      assert.ok(left.free > left.capacity / 2);
    }
  });

  test("loses no data in sessions that only tried to write", async () => {
    const disk = new FullFileSystem(16 * MIB);
    await fill(disk, 3000);
    const sizes: unknown[] = [];
    for (let i = 0; i < 20; i++) {
      const store = await openOn(disk);
      await assert.rejects(store.put("more", "value"), isFull());
      await store.close();
      const entries = Object.entries(disk.sizes()).filter(([path]) => !path.includes("LOCK"));
      sizes.push(Object.fromEntries(entries));
    }
    for (const later of sizes.slice(2)) assert.deepEqual(later, sizes[1]);
  });

  test("refuses deletions once too little of the reserve is left, before they fail the store", async () => {
    const disk = new FullFileSystem(16 * MIB);
    await fill(disk, 3000);
    let refused: unknown;
    for (let i = 0; i < 40 && !refused; i++) {
      const store = await openOn(disk);
      refused = await store.delete(keyOf(i)).then(
        () => undefined,
        (error) => error,
      );
      if (refused) assert.ok(await store.has(keyOf(i)));
      await store.close();
    }
    isFull()(refused);
    const before = disk.sizes()["/store/RESERVE"];
    const store = await openOn(disk);
    assert.ok(await store.has(keyOf(39)));
    await store.close();
    assert.ok((before ?? 0) >= 0.5 * MIB);
    disk.capacity += 4 * MIB;
    await using again = await openOn(disk);
    await again.deleteRange({ gte: "key" });
    await again.compact();
    await again.put("more", "value");
  });

  // A compaction rewrites what stays of a file before it removes the file. Here that is more than the reserve.
  for (const large of [8000, 20_000]) {
    test(`is opened and read again and again if it cannot be compacted, with values of ${large} bytes`, async () => {
      const disk = new FullFileSystem(32 * MIB);
      const config = { writeBufferSize: MIB / 4 };
      const sizeOf = (index: number) => (index % 50 === 0 ? large : 500);
      const written = await openOn(disk, config);
      let count = 0;
      for (let isFilled = false; !isFilled; count += 200) {
        const puts = Array.from({ length: 200 }, (_, i) => written.put(keyOf(count + i), noise(count + i, sizeOf)));
        isFilled = (await Promise.allSettled(puts)).some(({ status }) => status === "rejected");
      }
      await written.close().catch(() => {});
      fillUp(disk);
      let expected = await deletedHalf(disk, count, config);
      const killed: [FullFileSystem, number][] = [];
      for (let life = 0; life < 8; life++) {
        const store = await openOn(disk, config);
        for (let i = 0; i < 2; i++) {
          await assert.rejects(store.compact(), (error) => {
            assert.match((error as Error).message, /^Cannot compact: the disk is full; free up to \d\d MiB elsewhere/);
            return isFull()(error);
          });
        }
        // The store goes on, and has kept room for deletions.
        if (life < 2) {
          assert.equal(await store.delete(keyOf(count - 401 - life)), true);
          expected -= 1;
        }
        assert.deepEqual(await store.get(keyOf(count - 400)), noise(count - 400, sizeOf));
        assert.equal(await store.count(), expected);
        await assert.rejects(store.put("more", "value"), isFull());
        killed.push([disk.clone(), expected]);
        await store.close();
      }
      assert.ok((disk.sizes()["/store/RESERVE"] ?? 0) >= MIB);
      for (const [left, entries] of [[disk, expected] as const, ...killed.slice(0, 3)]) {
        await (await openOn(left, config)).close();
        left.capacity += 30 * MIB;
        const store = await openOn(left, config);
        await store.compact();
        await store.put("more", "value");
        assert.equal(await store.count(), entries + 1);
        assert.deepEqual((await store.verify()).damages, []);
        await store.close();
        assert.equal(left.stat("/store/RESERVE")?.size, RESERVE_BYTES);
      }
    });
  }

  test("filled by others is emptied without reopening the store, and puts continue once there is room", async () => {
    const disk = new FullFileSystem(32 * MIB);
    await using store = await openOn(disk);
    await putAll(store, 3000);
    fillUp(disk);
    await store.deleteRange({ gte: keyOf(10), lt: keyOf(1500) });
    await store.compact();
    await store.deleteRange({ gte: keyOf(1500) });
    await store.compact();
    assert.equal(await store.count(), 10);
    disk.remove("/other");
    await store.put("more", "value");
    assert.equal(disk.stat("/store/RESERVE")?.size, RESERVE_BYTES);
  });
});

describe("the reserve", () => {
  test("grows with the data: a small store has none, and no file system can compress it", async () => {
    const disk = new FullFileSystem(64 * MIB);
    const store = await openOn(disk);
    await store.put("key", "value");
    assert.deepEqual(
      disk.list("/store").filter(({ name }) => name.startsWith("RESERVE")),
      [],
    );
    await putAll(store, 3000);
    await store.close();
    const file = disk.open("/store/RESERVE", {});
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    file.close();
    assert.equal(bytes.length, RESERVE_BYTES);
    const words = new Set(new Uint32Array(bytes.buffer));
    assert.ok(words.size > 0.99 * (bytes.length / 4), `${words.size} different words`);
  });

  test("grows over several sessions, and in a store that had none", async () => {
    const disk = new FullFileSystem(64 * MIB);
    for (let life = 0; life < 20; life++) {
      const store = await openOn(disk);
      for (let i = 0; i < 200; i++) await store.put(keyOf(200 * life + i), bytesFor(i, 3000));
      await store.close();
    }
    assert.equal(disk.stat("/store/RESERVE")?.size, RESERVE_BYTES);
    disk.remove("/store/RESERVE");
    const store = await openOn(disk);
    assert.equal(await store.count(), 4000);
    await putAll(store, 2000);
    await store.close();
    assert.equal(disk.stat("/store/RESERVE")?.size, RESERVE_BYTES);
  });

  test("is removed on a disk without room for it, and blocks nothing there", async () => {
    const disk = new FullFileSystem(4 * MIB);
    await fill(disk, 3000);
    assert.deepEqual(
      disk.list("/store").filter(({ name }) => name.startsWith("RESERVE")),
      [],
    );
  });

  test("may be as a crash left it: of any size, or under its temporary name", async () => {
    const disk = new FullFileSystem(64 * MIB);
    const store = await openOn(disk);
    await putAll(store, 3000);
    await store.close();
    for (const [name, size] of [
      ["RESERVE", 0],
      ["RESERVE", 1],
      ["RESERVE", RESERVE_BYTES - 1],
      ["RESERVE", 2 * RESERVE_BYTES],
      ["RESERVE.new", 0],
      ["RESERVE.new", 70_000],
      ["RESERVE.new", RESERVE_BYTES],
      ["RESERVE.new", 2 * RESERVE_BYTES],
    ] as const) {
      const crashed = disk.clone();
      if (name !== "RESERVE") crashed.remove("/store/RESERVE");
      const file = crashed.open(`/store/${name}`, { write: true, create: true });
      file.truncate(size);
      file.close();
      const again = await openOn(crashed);
      await putAll(again, 3000);
      await again.close();
      const left = crashed.list("/store").filter((entry) => entry.name.startsWith("RESERVE"));
      assert.deepEqual([name, size, left.map((entry) => entry.name)], [name, size, ["RESERVE"]]);
      assert.ok((crashed.stat("/store/RESERVE")?.size ?? 0) >= RESERVE_BYTES);
    }
  });

  test("is not touched by a store that is open for reading", async () => {
    const disk = new FullFileSystem(16 * MIB);
    await fill(disk, 3000);
    await (await openOn(disk)).close();
    const before = disk.sizes();
    assert.ok((before["/store/RESERVE"] ?? 0) < RESERVE_BYTES);
    disk.capacity *= 2;
    const store = await openOn(disk, { readOnly: true });
    assert.deepEqual(await store.get(keyOf(3)), bytesFor(3, 3000));
    await store.close();
    assert.deepEqual(disk.sizes(), before);
  });

  for (const failing of ["open", "write", "rename", "stat", "size", "truncate"] as const) {
    test(`does not affect the store if ${failing} fails`, async () => {
      const disk = new MemoryFileSystem();
      let failures = 0;
      const before = ({ name, path }: { name: string; path: string }) => {
        if (name !== failing || !path.includes("/RESERVE")) return;
        failures += 1;
        throw diskError("EIO");
      };
      const fileSystem = new ObservedFileSystem(disk, { before });
      for (let life = 0; life < 2; life++) {
        await using store = await open({ path: "/store", fileSystem, writeBufferSize: MIB, logger: silent });
        await putAll(store, 3000);
        await store.compact();
        assert.equal(await store.count(), 3000);
      }
      assert.ok(failures > 0 || failing === "truncate");
    });
  }
});

test("a copy to a full disk leaves nothing that takes space, and can be tried again", async () => {
  const [source, target] = [new MemoryFileSystem(), new FullFileSystem(4 * MIB)];
  // Two disks below one root.
  const of = (path: string) => (path.startsWith("/copy") ? target : source);
  const fileSystem = {
    open: (path: string, options: object) => of(path).open(path, options),
    stat: (path: string) => of(path).stat(path),
    list: (path: string) => of(path).list(path),
    makeDirectory: (path: string) => of(path).makeDirectory(path),
    rename: (from: string, to: string) => of(from).rename(from, to),
    remove: (path: string) => of(path).remove(path),
    removeDirectory: (path: string) => of(path).removeDirectory(path),
    syncDirectory: (path: string) => of(path).syncDirectory(path),
    lock: (path: string) => of(path).lock(path),
  };
  await using store = await open({ path: "/store", fileSystem, writeBufferSize: MIB, logger: silent });
  await putAll(store, 3000);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(store.backupTo("/copy"), isFull());
    assert.ok(target.capacity - target.free <= 4 * 4096, JSON.stringify(target.sizes()));
  }
  target.capacity = 32 * MIB;
  await store.backupTo("/copy");
  await using copy = await open({ path: "/copy", fileSystem: target, logger: silent });
  assert.equal(await copy.count(), 3000);
});

test("a fork on a full disk is refused and leaves nothing, and the store goes on", async () => {
  const disk = new FullFileSystem(12 * MIB);
  const count = await fill(disk, 3000);
  await using store = await openOn(disk);
  const names = () => disk.list("/").map(({ name }) => name);
  const before = names();
  for (let i = 0; i < 3; i++) {
    await assert.rejects(store.fork("/fork"), /ENOSPC/);
    assert.deepEqual(names(), before);
    // Room for the directory, and not for the rest.
    disk.capacity += 4096 * (i + 1);
  }
  assert.ok((await store.count()) >= count);
  await store.delete(keyOf(0));
  disk.capacity = 64 * MIB;
  await store.put("later", "");
  const { version } = await store.fork("/fork");
  assert.deepEqual([version, names().length], [store.version, before.length + 1]);
});
