/**
 * Faults of browser_wasi_shim 0.4.2, each with a small example. docs/design/wasi_shim.md says what the host does
 * instead. If a test fails with a newer shim, the host no longer needs its workaround.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Directory, Fd, File, PreopenDirectory, WASI, wasi } from "@bjorn3/browser_wasi_shim";

type Call = (...values: (number | bigint)[]) => unknown;

/** The shim's own file system. The test is the guest. */
function guest(files: Record<string, string> = {}, pages = 1) {
  const contents = Object.entries(files).map(
    ([name, text]) => [name, new File(new TextEncoder().encode(text))] as const,
  );
  const root = new PreopenDirectory("/", new Map(contents));
  const shim = new WASI([], [], [new Fd0(), new Fd0(), new Fd0(), root], { debug: false });
  const memory = new WebAssembly.Memory({ initial: pages });
  shim.initialize({ exports: { memory } });
  const call = (name: string, ...values: (number | bigint)[]) => (shim.wasiImport[name] as Call)(...values);
  const text = (at: number, value: string): [number, number] => {
    new Uint8Array(memory.buffer).set(new TextEncoder().encode(value), at);
    return [at, value.length];
  };
  const view = new DataView(memory.buffer);
  const open = (name: string) => {
    assert.equal(call("path_open", 3, 0, ...text(100, name), 0, 0n, 0n, 0, 0), wasi.ERRNO_SUCCESS);
    return view.getUint32(0, true);
  };
  return { root, shim, memory, call, text, view, open };
}

class Fd0 extends Fd {}

describe("the shim", () => {
  test("writes the times of a file two bytes early, over the end of its size", () => {
    const view = new DataView(new ArrayBuffer(64));
    const stat = new wasi.Filestat(0n, wasi.FILETYPE_REGULAR_FILE, 2n ** 50n);
    stat.ctim = 7n;
    stat.write_bytes(view, 0);
    assert.equal(view.getBigUint64(32, true), 0n, "not 2^50");
    assert.equal(view.getBigUint64(56, true), 0n, "not 7");
  });

  test("treats an address above 2 GiB, which arrives as a negative number, as negative", () => {
    const { call } = guest({ file: "text" }, 2 ** 15 + 1);
    assert.throws(() => call("fd_filestat_get", 3, (2 ** 31 + 400) | 0), RangeError);
  });

  test("never uses the number of a closed file again", () => {
    const { call, open } = guest({ file: "text" });
    const first = open("file");
    call("fd_close", first);
    assert.equal(open("file"), first + 1);
  });

  test("says that an open file is no preopened directory with an errno that ends a program", () => {
    const { call, open } = guest({ file: "text" });
    assert.equal(call("fd_prestat_get", open("file"), 400), wasi.ERRNO_NOTSUP, "wasi-libc waits for EBADF");
  });

  test("renames in two steps: a failure between them loses the file", () => {
    const { call, root, text } = guest({ from: "text" });
    root.path_link = () => {
      throw new Error("the process ends here");
    };
    assert.throws(() => call("path_rename", 3, ...text(100, "from"), 3, ...text(200, "to")));
    assert.deepEqual([...(root.dir as Directory).contents.keys()], []);
  });

  test("throws into WebAssembly, strings too", () => {
    assert.throws(
      () => guest().call("proc_raise", 9),
      (thrown) => thrown === "raised signal 9",
    );
  });

  test("copies the bytes of reads and writes", () => {
    const { call, memory, open, view } = guest({ file: "text" });
    const fd = open("file");
    const seen: Uint8Array[] = [];
    const { set } = Uint8Array.prototype;
    view.setUint32(16, 1000, true);
    view.setUint32(20, 4, true);
    Uint8Array.prototype.set = function (source: ArrayLike<number>, at?: number) {
      seen.push(source as Uint8Array);
      set.call(this, source, at);
    };
    try {
      assert.equal(call("fd_read", fd, 16, 1, 8), wasi.ERRNO_SUCCESS);
    } finally {
      Uint8Array.prototype.set = set;
    }
    assert.equal(seen.length, 1);
    assert.notEqual(seen[0]?.buffer, memory.buffer);
  });

  test("creates a Date to return the time, so the runtime reads the time zone", () => {
    const { call } = guest();
    const { Date: clock } = globalThis;
    let made = 0;
    globalThis.Date = class extends clock {
      constructor() {
        super();
        made += 1;
      }
    } as DateConstructor;
    try {
      call("clock_time_get", wasi.CLOCKID_REALTIME, 0n, 8);
    } finally {
      globalThis.Date = clock;
    }
    assert.equal(made, 1);
  });

  test("prints each call unless that is switched off", () => {
    const { log } = console;
    const printed: unknown[] = [];
    console.log = (...values: unknown[]) => printed.push(values);
    try {
      const shim = new WASI([], [], []);
      shim.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 1 }) } });
      (shim.wasiImport.args_sizes_get as Call)(0, 4);
    } finally {
      console.log = log;
      new WASI([], [], [], { debug: false });
    }
    assert.equal(printed.length, 1);
  });
});
