/**
 * Waits for something that another process does.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { AsyncReader } from "../../mod.ts";
import { text } from "./expect.ts";

/** No test waits longer, in milliseconds. */
const PATIENCE_MS = 300_000;

/** Settles once something is true. Rejects if it never is; `what` says what. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    assert.ok(Date.now() < end, `still not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Settles once a read finds a value. Rejects if it never does; `what` says what. */
export async function untilFound(
  reader: Pick<AsyncReader, "get">,
  key: string,
  value: string,
  what: string,
): Promise<void> {
  let found: string | undefined;
  await until(() => {
    void reader.get(key).then((now) => {
      found = text(now);
    });
    return found === value;
  }, what);
}
