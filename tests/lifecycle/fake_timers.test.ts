/**
 * Stores with fake timers and clocks in place of the runtime's, as test runners install them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore, open, type Store } from "../../mod.ts";
import { text } from "../support/expect.ts";
import { withDirectory } from "../support/temporary.ts";

const NAMES = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "Date", "performance"] as const;

/** Runs `use` while no timer fires, no microtask runs and all clocks stand still. */
async function withFakes(use: () => Promise<void>): Promise<void> {
  const globals = globalThis as unknown as Record<string, unknown>;
  const real = Object.fromEntries(NAMES.map((name) => [name, globals[name]]));
  const never = () => ({ unref: () => {}, ref: () => {} });
  class StoppedDate extends Date {
    static override now(): number {
      return 0;
    }
  }
  const performance = { now: () => 0, timeOrigin: 0 };
  Object.assign(globals, {
    setTimeout: never,
    setInterval: never,
    setImmediate: never,
    queueMicrotask: never,
    Date: StoppedDate,
  });
  Object.defineProperty(globals, "performance", { value: performance, configurable: true, writable: true });
  try {
    await use();
  } finally {
    Object.defineProperty(globals, "performance", { value: real.performance, configurable: true, writable: true });
    Object.assign(globals, real);
  }
}

async function use(store: Store): Promise<void> {
  await Promise.all(Array.from({ length: 5000 }, (_, i) => store.put(`n/${i}`, "x".repeat(100))));
  await store.put("short", "lived", { ttl: 60_000 });
  await store.transaction((tx) => tx.put("key", "value"));
  assert.equal(text(await store.get("key")), "value");
  assert.equal(text(await store.get("short")), "lived");
  assert.equal(await store.count({ prefix: "n/" }), 5000);
  let seen = 0;
  for await (const _ of store.keys({ prefix: "n/" })) seen += 1;
  assert.equal(seen, 5000);
  await store.compact();
  await store.flush();
  await store.close();
}

test("a store on disk writes, reads, compacts and closes", () =>
  withDirectory((path) =>
    withFakes(async () => {
      await use(await open({ path, writeBufferSize: 256 * 1024 }));
      const again = await open(path);
      // The value expires by the real clock. By the fake one, which stands at 1970, it would live for 50 years.
      const left = ((await again.getEntry("short"))?.expiresAt ?? 0) - 1_600_000_000_000;
      assert.ok(left > 0, `expires at ${left}`);
      await again.close();
    }),
  ));

test("a MemoryStore does, too", () => withFakes(() => use(new MemoryStore())));
