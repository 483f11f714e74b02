/** A worker thread that tries to lock the given directory, reports the result, and stays alive. */
import { parentPort, workerData } from "node:worker_threads";
import { lockDirectory } from "../../src/fs/lock.ts";
import { errorCode } from "../../src/fs/node_errors.ts";

const keepAlive = setInterval(() => {}, 60_000);
parentPort?.once("message", () => clearInterval(keepAlive));
try {
  const lock = await lockDirectory(workerData.directory, workerData.options);
  parentPort?.postMessage({ held: lock.held() });
} catch (error) {
  parentPort?.postMessage({ error: errorCode(error), message: String(error) });
}
