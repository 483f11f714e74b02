import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { wasi } from "@bjorn3/browser_wasi_shim";
import { MemoryFileSystem } from "../../mod.ts";
import type { OpenFile } from "../../src/api/file_system.ts";
import { clock as time } from "../../src/clock.ts";
import { Errno, errnoOf, SUCCESS } from "../../src/fs/errno.ts";
import { HostFile } from "../../src/host/file.ts";
import { Guard } from "../../src/host/guard.ts";
import { Host } from "../../src/host/host.ts";
import { diskError, ObservedFileSystem } from "../support/observed_file_system.ts";
import { SetClock } from "../support/set_clock.ts";

type Call = (...values: (number | bigint)[]) => number;

/** A host without an engine. The test plays the guest, with its own memory. */
function guest(observe: (name: string, path: string) => void = () => {}, owned: () => boolean = () => true) {
  const disk = new MemoryFileSystem();
  disk.makeDirectory("/root");
  const observed = new ObservedFileSystem(disk, { before: ({ name, path }) => observe(name, path) });
  const host = new Host({ fileSystem: observed, path: "/root", owned });
  const memory = new WebAssembly.Memory({ initial: 1 });
  host.start({ memory });
  const calls = host.imports().wasi_snapshot_preview1 as unknown as Record<string, Call>;
  const call = (name: string, ...values: (number | bigint)[]) => calls[name]?.(...values);
  const text = (at: number, value: string): [number, number] => {
    const bytes = new TextEncoder().encode(value);
    new Uint8Array(memory.buffer).set(bytes, at);
    return [at, bytes.length];
  };
  const word = (at: number) => new DataView(memory.buffer).getUint32(at, true);
  const openFile = (name: string, flags = wasi.OFLAGS_CREAT): { errno: number | undefined; fd: number } => {
    const errno = call("path_open", 3, 0, ...text(100, name), flags, BigInt(wasi.RIGHTS_FD_WRITE), 0n, 0, 0);
    return { errno, fd: word(0) };
  };
  /** Points vector 0 at `length` bytes at 1,000. */
  const vector = (length: number) => {
    const view = new DataView(memory.buffer);
    view.setUint32(16, 1000, true);
    view.setUint32(20, length, true);
    return [16, 1] as const;
  };
  return { disk, host, memory, call, text, word, openFile, vector };
}

describe("the WASI host", () => {
  test("writes and reads at positions and at the cursor, straight from and to memory", () => {
    const { call, memory, openFile, vector, word, text } = guest();
    const { fd } = openFile("file");
    text(1000, "hello");
    assert.equal(call("fd_pwrite", fd, ...vector(5), 3n, 8), 0);
    assert.equal(word(8), 5);
    assert.equal(call("fd_seek", fd, 2n, wasi.WHENCE_SET, 8), 0);
    new Uint8Array(memory.buffer).fill(0xee, 1000, 1020);
    assert.equal(call("fd_read", fd, ...vector(20), 8), 0);
    assert.equal(word(8), 6);
    assert.deepEqual([...new Uint8Array(memory.buffer, 1000, 7)], [0, ...Buffer.from("hello"), 0xee]);
    assert.equal(call("fd_seek", fd, 0n, wasi.WHENCE_CUR, 8), 0);
    assert.equal(word(8), 8);
    assert.equal(call("fd_seek", fd, -9n, wasi.WHENCE_END, 8), Errno.EINVAL);
  });

  test("treats a read without bytes as the end of a file only where the file ends", () => {
    const { call, openFile, vector, word, host, text } = guest();
    const { fd } = openFile("file");
    text(1000, "hello");
    call("fd_pwrite", fd, ...vector(5), 0n, 8);
    assert.deepEqual([call("fd_pread", fd, ...vector(20), 3n, 8), word(8)], [SUCCESS, 2]);
    assert.deepEqual([call("fd_pread", fd, ...vector(20), 5n, 8), word(8)], [SUCCESS, 0]);
    assert.equal(host.takeError(), undefined);
    const silent = { size: () => 5, read: () => 0 } as unknown as OpenFile;
    const file = new HostFile(silent, new Guard("/", () => true), "file", false);
    assert.throws(() => file.readInto(new Uint8Array(4), 3), { code: "EIO" });
    assert.equal(file.readInto(new Uint8Array(4), 5), 0);
  });

  test("uses the lowest free descriptor number again", () => {
    const { call, openFile } = guest();
    const [a, b] = [openFile("a").fd, openFile("b").fd];
    assert.deepEqual([a, b], [4, 5]);
    assert.equal(call("fd_close", a), 0);
    assert.equal(call("fd_close", a), Errno.EBADF);
    assert.equal(openFile("c").fd, a);
  });

  test("renames atomically, over an existing file", () => {
    const seen: string[] = [];
    const { call, disk, host, openFile, text } = guest((name, path) => {
      if (name !== "stat") seen.push(`${name} ${path}`);
    });
    for (const name of ["from", "to"]) openFile(name);
    host.finishSyncs();
    seen.length = 0;
    assert.equal(call("path_rename", 3, ...text(100, "from"), 3, ...text(200, "to")), 0);
    host.finishSyncs();
    assert.deepEqual(seen, ["rename /root/to", "syncDirectory /root"]);
    assert.deepEqual(
      disk.list("/root").map(({ name }) => name),
      ["to"],
    );
  });

  test("refuses paths outside of its directory", () => {
    const { call, openFile, text } = guest();
    for (const path of ["../outside", "a/../../outside", "..", "/../outside"]) {
      assert.equal(openFile(path).errno, Errno.EPERM, path);
      assert.equal(call("path_unlink_file", 3, ...text(100, path)), Errno.EPERM, path);
      assert.equal(call("path_rename", 3, ...text(100, "x"), 3, ...text(200, path)), Errno.EPERM, path);
    }
  });

  test("has exactly the calls that the engine imports", async () => {
    const engine = new URL("../../engine/luge_engine.wasm", import.meta.url);
    const imported = WebAssembly.Module.imports(await WebAssembly.compile(readFileSync(engine)));
    const { wasi_snapshot_preview1: calls = {}, ...others } = guest().host.imports();
    assert.deepEqual(others, {});
    assert.deepEqual(new Set(imported.map(({ module }) => module)), new Set(["wasi_snapshot_preview1"]));
    assert.deepEqual(Object.keys(calls).sort(), imported.map(({ name }) => name).sort());
  });

  test("returns the time without creating a Date, which reads the time zone", () => {
    const { call, memory } = guest();
    const read = (clock: number) => {
      assert.equal(call("clock_time_get", clock, 0n, 8), SUCCESS);
      return Number(new DataView(memory.buffer).getBigUint64(8, true)) / 1e6;
    };
    const { Date: clock } = globalThis;
    const [wall, running] = [clock.now(), time.monotonic()];
    globalThis.Date = class extends clock {
      constructor() {
        super();
        throw new Error("A Date was made");
      }
    } as DateConstructor;
    try {
      assert.ok(Math.abs(read(wasi.CLOCKID_REALTIME) - wall) < 60_000);
      assert.ok(read(1) >= running - 1 && read(1) < running + 60_000);
    } finally {
      globalThis.Date = clock;
    }
  });

  test("reports kinds, sizes and the preopened directory", () => {
    const { call, memory, openFile, vector, text, word } = guest();
    const { fd } = openFile("file");
    call("fd_pwrite", fd, ...vector(5), 2n ** 32n - 5n, 8);
    const view = new DataView(memory.buffer);
    const stat = (name: string, ...values: (number | bigint)[]) => {
      new Uint8Array(memory.buffer).fill(0xee, 400, 470);
      assert.equal(call(name, ...values, 400), SUCCESS, name);
      const zeros = [0, 8, 24, 40, 48, 56].map((at) => view.getBigUint64(400 + at, true));
      assert.deepEqual(zeros, Array(6).fill(0n));
      assert.equal(view.getUint8(464), 0xee, "and nothing after it");
      return [view.getUint8(416), view.getBigUint64(432, true)];
    };
    assert.deepEqual(stat("fd_filestat_get", fd), [wasi.FILETYPE_REGULAR_FILE, 2n ** 32n]);
    assert.deepEqual(stat("path_filestat_get", 3, 0, ...text(100, "file")), [wasi.FILETYPE_REGULAR_FILE, 2n ** 32n]);
    assert.deepEqual(stat("fd_filestat_get", 3), [wasi.FILETYPE_DIRECTORY, 0n]);
    assert.deepEqual(stat("fd_filestat_get", 2), [wasi.FILETYPE_CHARACTER_DEVICE, 0n]);
    assert.equal(call("fd_filestat_get", 9, 400), Errno.EBADF);
    for (const [number, type] of [
      [1, wasi.FILETYPE_CHARACTER_DEVICE],
      [3, wasi.FILETYPE_DIRECTORY],
      [fd, wasi.FILETYPE_REGULAR_FILE],
    ] as const) {
      assert.equal(call("fd_fdstat_get", number, 400), SUCCESS);
      assert.equal(view.getUint32(400, true), type);
    }
    assert.deepEqual([call("fd_prestat_get", 3, 400), word(400), word(404)], [SUCCESS, 0, 1]);
    assert.deepEqual([call("fd_prestat_dir_name", 3, 400, 1), view.getUint8(400)], [SUCCESS, 0x2f]);
    assert.equal(call("fd_prestat_dir_name", 3, 400, 0), wasi.ERRNO_NAMETOOLONG);
    for (const other of [fd, 1, 2, 9]) assert.equal(call("fd_prestat_get", other, 400), Errno.EBADF);
  });

  test("accepts addresses above 2 GiB, which arrive as negative numbers", () => {
    const { call, disk, memory, openFile } = guest();
    openFile("file");
    memory.grow(2 ** 15 + 1 - memory.buffer.byteLength / 2 ** 16);
    const base = 2 ** 31;
    /** As WebAssembly passes it. */
    const high = (offset: number) => (base + offset) | 0;
    const view = new DataView(memory.buffer);
    const name = (at: number, text: string): [number, number] => {
      new Uint8Array(memory.buffer).set(new TextEncoder().encode(text), base + at);
      return [high(at), text.length];
    };
    const word = (at: number) => view.getUint32(base + at, true);
    view.setUint32(base + 16, base + 1000, true);
    view.setUint32(base + 20, 5, true);
    const vector = [high(16), 1] as const;
    assert.equal(
      call("path_open", 3, 0, ...name(100, "made"), wasi.OFLAGS_CREAT, BigInt(wasi.RIGHTS_FD_WRITE), 0n, 0, high(0)),
      SUCCESS,
    );
    const fd = word(0);
    name(1000, "hello");
    assert.deepEqual([call("fd_write", fd, ...vector, high(8)), word(8)], [SUCCESS, 5]);
    assert.deepEqual([call("fd_pwrite", fd, ...vector, 3n, high(8)), word(8)], [SUCCESS, 5]);
    name(1000, ".....");
    assert.deepEqual([call("fd_pread", fd, ...vector, 3n, high(8)), word(8)], [SUCCESS, 5]);
    assert.equal(Buffer.from(memory.buffer, base + 1000, 5).toString(), "hello");
    assert.deepEqual([call("fd_seek", fd, 2n, wasi.WHENCE_SET, high(8)), word(8)], [SUCCESS, 2]);
    assert.deepEqual([call("fd_read", fd, ...vector, high(8)), word(8)], [SUCCESS, 5]);
    for (const [stat, at] of [
      ["fd_filestat_get", [fd]],
      ["path_filestat_get", [3, 0, ...name(100, "made")]],
    ] as const) {
      assert.equal(call(stat, ...at, high(400)), SUCCESS);
      assert.equal(view.getBigUint64(base + 432, true), 8n, stat);
    }
    assert.deepEqual(
      [call("fd_fdstat_get", fd, high(400)), view.getUint8(base + 400)],
      [SUCCESS, wasi.FILETYPE_REGULAR_FILE],
    );
    assert.deepEqual([call("fd_prestat_get", 3, high(400)), word(404)], [SUCCESS, 1]);
    assert.deepEqual([call("fd_prestat_dir_name", 3, high(400), 1), view.getUint8(base + 400)], [SUCCESS, 0x2f]);
    assert.deepEqual([call("fd_readdir", 3, high(2000), 1000, 0n, high(8)), word(8)], [SUCCESS, 2 * 24 + 8]);
    assert.deepEqual([call("clock_time_get", wasi.CLOCKID_REALTIME, 0n, high(8)), word(8) !== 56], [SUCCESS, true]);
    assert.equal(call("random_get", high(2000), 64), SUCCESS);
    assert.notDeepEqual(new Uint8Array(memory.buffer, base + 2000, 64), new Uint8Array(64));
    assert.equal(call("path_rename", 3, ...name(100, "made"), 3, ...name(200, "moved")), SUCCESS);
    assert.equal(call("path_create_directory", 3, ...name(300, "folder")), SUCCESS);
    assert.equal(call("path_unlink_file", 3, ...name(100, "file")), SUCCESS);
    assert.deepEqual(
      disk.list("/root").map(({ name }) => name),
      ["moved", "folder"],
    );
  });

  test("lists a directory into a buffer of any size, each entry once its part fits", () => {
    const { call, memory, openFile, word } = guest();
    const names = Array.from({ length: 20 }, (_, i) => `name-${"x".repeat(i)}`);
    for (const name of names) openFile(name);
    for (const size of [60, 100, 333, 4096]) {
      const listed: string[] = [];
      for (let cookie = 0n, more = true; more; ) {
        assert.equal(call("fd_readdir", 3, 2000, size, cookie, 8), SUCCESS);
        const [view, used] = [new DataView(memory.buffer, 2000), word(8)];
        more = used === size;
        for (let at = 0; at + 24 <= used; ) {
          const end = at + 24 + view.getUint32(at + 16, true);
          if (end > used) break;
          listed.push(Buffer.from(memory.buffer, 2000 + at + 24, end - at - 24).toString());
          assert.equal(view.getUint8(at + 20), wasi.FILETYPE_REGULAR_FILE);
          cookie = view.getBigUint64(at, true);
          at = end;
        }
      }
      assert.deepEqual(listed.sort(), names.sort(), `${size} bytes at a time`);
    }
  });

  test("lists a directory", () => {
    const { call, memory, openFile, word } = guest();
    for (const name of ["one", "three"]) openFile(name);
    assert.equal(call("fd_readdir", 3, 2000, 1000, 0n, 8), 0);
    assert.equal(word(8), 2 * 24 + "onethree".length);
    const listed = Buffer.from(memory.buffer, 2000, word(8)).toString("latin1");
    assert.ok(listed.includes("one") && listed.includes("three"));
  });

  test("turns every error of the disk into an errno, and keeps the error", () => {
    for (const code of ["EIO", "ENOSPC", "EDQUOT", "EACCES", "EROFS", "EMFILE", "EINTR", "ENOENT"]) {
      const { host, call, openFile, vector } = guest((name) => {
        if (name === "write") throw diskError(code);
      });
      const { fd } = openFile("file");
      const errno = call("fd_pwrite", fd, ...vector(5), 0n, 8);
      assert.equal(errno, errnoOf(diskError(code)));
      assert.notEqual(errno, SUCCESS);
      assert.equal((host.takeError() as { code: string }).code, code);
      // sled may say only in a later call that it could not write.
      const later = host.takeError() as { code: string } | undefined;
      assert.equal(later?.code, code === "ENOENT" ? undefined : code);
    }
    const numbers = wasi as unknown as Record<string, number>;
    for (const [code, errno] of Object.entries(Errno)) {
      assert.deepEqual([errno, errnoOf(diskError(code))], Array(2).fill(numbers[`ERRNO_${code.slice(1)}`]), code);
    }
    assert.equal(errnoOf("no error at all"), Errno.EIO);
    for (const code of ["ESOMETHINGELSE", "SUCCESS", "constructor"]) assert.equal(errnoOf(diskError(code)), Errno.EIO);
  });

  test("never throws into WebAssembly, for any call with any arguments", () => {
    const { host } = guest();
    const calls = host.imports().wasi_snapshot_preview1 as unknown as Record<string, Call>;
    for (const [name, call] of Object.entries(calls)) {
      // This call throws on purpose.
      if (name === "proc_exit") continue;
      for (const value of [0, 3, 77, 0xffff_fff0]) {
        for (const wide of [0n, 1n << 40n]) {
          const values = [value, value, value, value, value, value, value, value, value];
          for (const arguments_ of [values, values.map((each, i) => (i % 2 ? wide : each))]) {
            assert.equal(typeof call(...arguments_), "number", name);
          }
        }
      }
    }
  });

  test("syncs an unsynced file at close, but not when it abandons", async () => {
    const seen: string[] = [];
    const { call, host, openFile, text, vector } = guest((name) => seen.push(name));
    const [first, second] = [openFile("a").fd, openFile("b").fd];
    text(1000, "x");
    for (const fd of [first, second]) call("fd_pwrite", fd, ...vector(1), 0n, 8);
    host.finishSyncs();
    seen.length = 0;
    call("fd_close", first);
    await host.settled("table");
    assert.deepEqual(seen, ["sync", "close"]);
    seen.length = 0;
    host.abandon();
    assert.deepEqual(seen, ["close"]);
    assert.equal(call("fd_pwrite", second, ...vector(1), 0n, 8), Errno.EBADF);
  });

  test("checks the lock before every change, and from time to time during reads", () => {
    using time = new SetClock();
    let asked = 0;
    let writeMs = 0;
    const { call, openFile, vector } = guest(
      (name) => {
        if (name === "write") time.ms += writeMs;
      },
      () => {
        asked += 1;
        return true;
      },
    );
    const { fd } = openFile("file");
    asked = 0;
    for (let i = 0; i < 10; i++) call("fd_pwrite", fd, ...vector(5), 0n, 8);
    assert.equal(asked, 10);
    for (let i = 0; i < 512; i++) call("fd_pread", fd, ...vector(5), 0n, 8);
    assert.equal(asked, 12);
    // A write that takes long is looked at once more when it is done.
    writeMs = 1;
    for (let i = 0; i < 10; i++) call("fd_pwrite", fd, ...vector(5), 0n, 8);
    assert.equal(asked, 32);
  });

  test("reports a sync that failed after a call, and releases the file", async () => {
    const seen: string[] = [];
    const { host, call, openFile } = guest((name) => {
      seen.push(name);
      if (name === "sync") throw diskError("EIO");
    });
    const failures: unknown[] = [];
    host.onFailure((error) => failures.push((error as { code: string }).code));
    assert.equal(call("fd_close", openFile("file").fd), SUCCESS);
    await assert.rejects(host.settled("table") ?? Promise.resolve(), { code: "EIO" });
    assert.deepEqual(failures, ["EIO"]);
    host.abandon();
    assert.deepEqual(seen.slice(-2), ["sync", "close"]);
  });
});
