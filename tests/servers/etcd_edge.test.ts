/**
 * The bundle of the store over etcd needs nothing but the web's own interfaces: no module of Node, no `process`, no
 * `Buffer`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import vm from "node:vm";
import type { AsyncStore } from "../../mod.ts";
import { buildPrograms } from "../../scripts/lib/package/programs.ts";
import { Sha256 } from "../../src/servers/edge/crypto.ts";
import type { EtcdOptions } from "../../src/servers/etcd/mod.ts";
import { nodeTest } from "../support/node_only.ts";
import { HAS_ETCD, withEtcd } from "../support/services/etcd.ts";
import { withDirectory } from "../support/temporary.ts";

/** What runtimes at the edge have. */
const WEB = {
  AbortController,
  AbortSignal,
  Blob,
  ReadableStream,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  console,
  crypto,
  fetch,
  performance,
  queueMicrotask,
  setInterval,
  setTimeout,
};

nodeTest("etcd: the bundle runs where there is nothing of Node", { skip: !HAS_ETCD }, () =>
  withDirectory(async (directory) => {
    await buildPrograms(directory);
    const code = readFileSync(join(directory, "etcd.cjs"), "utf8");
    assert.equal(/\b(?:require|import)\(/.test(code), false);
    const module: { exports: { openEtcd?: (options: EtcdOptions) => Promise<AsyncStore> } } = { exports: {} };
    vm.runInNewContext(code, { ...WEB, module, exports: module.exports });
    const { openEtcd } = module.exports;
    assert.ok(openEtcd);
    await withEtcd(async ({ endpoints }) => {
      const store = await openEtcd({ endpoints });
      const watch = store.watch()[Symbol.asyncIterator]();
      const change = watch.next();
      await store.put("a", "1", { ttl: 60_000 });
      assert.equal((await change).value?.key, "a");
      await watch.return?.();
      assert.equal(await store.increment("n", 2n), 2n);
      const copy = await openEtcd({ endpoints, prefix: "copy/" });
      await copy.restore(store.backup());
      assert.equal(await copy.count(), 2);
      assert.equal(copy.version, store.version);
      await copy.close();
      await store.close();
    });
  }),
);

test("the digest of runtimes without Node is SHA-256", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 251);
  for (let length = 0; length <= bytes.length; length++) {
    const [first, second] = [bytes.subarray(0, length >> 1), bytes.subarray(length >> 1, length)];
    const expected = createHash("sha256").update(first).update(second).digest();
    assert.deepEqual(new Sha256().update(first).update(second).digest(), new Uint8Array(expected));
  }
});
