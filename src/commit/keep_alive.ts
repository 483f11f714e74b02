/**
 * Keeps the process alive while a caller waits for an event of the store, as a read of a socket does.
 *
 * @module
 */

import { clearInterval, setInterval, type Timer } from "../clock.ts";

/** The longest delay of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

let waiting = 0;
let timer: Timer | undefined;

/** Keeps the process alive until the returned function is called. */
export function keepAlive(): () => void {
  waiting += 1;
  timer ??= setInterval(() => {}, LONGEST_MS);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    waiting -= 1;
    if (waiting > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
