/**
 * Timers for runtimes that have no `node:timers`.
 *
 * @module
 */

/** Milliseconds since some moment. It never jumps. */
export function monotonicMs(): number {
  return performance.now();
}

/** Settles after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A timer that does not keep the process alive, where the runtime can do that. */
export function quietTimer(job: () => void, ms: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(job, ms);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
