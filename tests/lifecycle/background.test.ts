/**
 * Background work after commits.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Background } from "../../src/commit/background.ts";

test("background work waits for a congested disk, and meets a failure of the disk at its next step", async () => {
  const failure = Promise.reject(new Error("the disk failed"));
  failure.catch(() => {});
  let [steps, waits, isFull] = [0, 0, false];
  const waited = new Proxy(failure, {
    get: (promise, name) => {
      if (name !== "then") return Reflect.get(promise, name);
      waits += 1;
      return promise.then.bind(promise);
    },
  });
  // The work itself does not keep the process alive.
  const alive = setInterval(() => {}, 1000);
  await new Promise<void>((resolve) => {
    const background = new Background(
      () => {
        steps += 1;
        if (steps > 1) {
          resolve();
          return false;
        }
        isFull = true;
        return true;
      },
      () => {
        const congestion = isFull ? waited : undefined;
        isFull = false;
        return congestion;
      },
    );
    background.wake();
  });
  clearInterval(alive);
  assert.deepEqual([steps, waits], [2, 1]);
});
