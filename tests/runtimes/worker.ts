/**
 * A worker thread that tries to open a store and reports the result.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import { open, StoreError } from "../../mod.ts";

async function tryToOpen(path: string): Promise<string> {
  try {
    await (await open(path)).close();
    return "opened";
  } catch (error) {
    return error instanceof StoreError ? `${error.code} ${error.message}` : String(error);
  }
}

parentPort?.postMessage(await tryToOpen(workerData as string));
