/**
 * Measures how long the event loop was blocked.
 *
 * @module
 */

/** The result of {@linkcode withLoopDelay}, in milliseconds. */
export interface LoopDelay {
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
}

/**
 * Runs `run`, and measures how late timers of one millisecond are. This works on every runtime. Only Node has
 * `monitorEventLoopDelay`.
 */
export async function withLoopDelay(run: () => Promise<void>): Promise<LoopDelay> {
  const late: number[] = [];
  let running = true;
  let expected = performance.now() + 1;
  const measure = () => {
    late.push(Math.max(0, performance.now() - expected));
    expected = performance.now() + 1;
    if (running) setTimeout(measure, 1);
  };
  setTimeout(measure, 1);
  await run();
  running = false;
  await new Promise((resolve) => setTimeout(resolve, 2));
  late.sort((a, b) => a - b);
  return { loopP99Ms: late[Math.floor(late.length * 0.99)] ?? 0, loopMaxMs: late.at(-1) ?? 0 };
}
