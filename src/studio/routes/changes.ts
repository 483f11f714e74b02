import type { ChangeIn } from "../../api/changes.ts";
import { toBase64 } from "../../base64.ts";
import { lines } from "../answers.ts";
import type { Call, Route } from "../route.ts";
import { START_BYTES } from "../rows.ts";
import type { WireChange } from "../wire.ts";

/** How often a line comes when nothing changes, in milliseconds. The page then knows that the studio is there. */
const BEAT_MS = 5000;

/**
 * The changes of a range as they are made. The stream continues after `since`. A commit may have several changes: `skip` of
 * those of the version after `since` were delivered before.
 */
export const changes: Route = {
  name: "changes",
  changes: false,
  fields: ["range", "since", "skip"],
  answer: (call) => lines(feed(call)),
};

async function* feed({ fields, place: { store }, signal }: Call): AsyncGenerator<object, void> {
  const [range, given, skip] = [fields.range("range"), fields.integer("since"), fields.integer("skip") ?? 0];
  const since = given ?? store.version;
  const watch = store.watch({ ...range, keyEncoding: "bytes" }, { since, signal })[Symbol.asyncIterator]();
  yield { since };
  let [skipped, first]: [number, number | undefined] = [0, undefined];
  let next = watch.next();
  try {
    for (;;) {
      const result = await orBeat(next);
      if (result === BEAT) {
        yield { beat: true };
        continue;
      }
      if (result.done) {
        yield { done: true };
        return;
      }
      first ??= result.value.version;
      const isOld = result.value.version === first && skipped < skip;
      if (isOld) skipped += 1;
      else yield wireChange(result.value);
      next = watch.next();
    }
  } finally {
    // A watch that waits ends by the signal.
    next.catch(() => {});
    if (!signal.aborted) await watch.return?.();
  }
}

const BEAT = Symbol("nothing changed for a while");

/** Waits for a change, or until it is time for a sign of life. */
async function orBeat<T>(next: Promise<T>): Promise<T | typeof BEAT> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const beat = new Promise<typeof BEAT>((resolve) => {
    timer = setTimeout(() => resolve(BEAT), BEAT_MS);
  });
  try {
    return await Promise.race([next, beat]);
  } finally {
    clearTimeout(timer);
  }
}

function wireChange({ type, key, version, value, expiresAt }: ChangeIn<"bytes">): { readonly change: WireChange } {
  const shown = value && { size: value.length, start: toBase64(value.subarray(0, START_BYTES)) };
  return { change: { type, key: toBase64(key), version, ...shown, ...(expiresAt !== undefined && { expiresAt }) } };
}
