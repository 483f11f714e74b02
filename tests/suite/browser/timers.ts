/**
 * Takes the place of `node:timers` in a browser.
 *
 * @module
 */

/** Runs `job` in a turn of its own. */
export function setImmediate(job: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    job();
  };
  port2.postMessage(undefined);
}
