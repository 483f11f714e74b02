import { toBase64 } from "../../base64.ts";
import { lines } from "../answers.ts";
import type { Call, Route } from "../route.ts";
import { cannot } from "./metrics.ts";

/** How often progress is told, in milliseconds. */
const TELL_MS = 200;
/** The most damages of an answer. */
const MOST_DAMAGES = 1000;

/** Reads and checks all of the store. */
export const verify: Route = {
  name: "verify",
  changes: false,
  fields: [],
  answer: (call) => {
    const { verify: run } = call.place;
    if (!run) throw cannot("verify");
    return lines(
      withProgress(call, async (signal) => {
        const { entries, damages } = await run(signal);
        const shown = damages.slice(0, MOST_DAMAGES).map(({ from, to, ...damage }) => ({
          ...damage,
          from: toBase64(from),
          ...(to && { to: toBase64(to) }),
        }));
        return { entries, damages: shown };
      }),
    );
  },
};

/** Frees the space of what is not needed any more. */
export const compact: Route = {
  name: "compact",
  changes: true,
  fields: [],
  answer: (call) => {
    const { compact: run } = call.place;
    if (!run) throw cannot("compact");
    return lines(withProgress(call, run));
  },
};

/** Runs something, and tells how far it is. It ends when nobody waits for it any more. */
export async function* withProgress<T>(
  { place, signal }: Pick<Call, "place" | "signal">,
  run: (signal: AbortSignal) => Promise<T>,
): AsyncGenerator<object, void> {
  const [started, before] = [performance.now(), place.progress?.().done ?? 0];
  let isOver = false;
  const running = run(signal).finally(() => {
    isOver = true;
  });
  running.catch(() => {});
  while (!isOver) {
    const progress = place.progress?.();
    const bytes = progress && { done: progress.done - before, total: progress.total };
    yield { ms: Math.round(performance.now() - started), ...bytes };
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, TELL_MS))]).catch(() => {});
  }
  yield { ms: Math.round(performance.now() - started), result: await running };
}
