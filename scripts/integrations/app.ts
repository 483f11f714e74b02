/**
 * The program to bundle. It uses the parts that a bundle could lose: the engine, the lock, the worker thread, and
 * modules that are imported late.
 *
 * @module
 */

/** The output of a correct run. */
export const PRINTED = "value STORE_LOCKED 3 memory worked";

/**
 * A function that writes to the store at `path` until a worker thread has merged some of it. It rejects if the thread
 * fails, or if there is none. The write buffer is small, so that the thread starts soon.
 */
export const WORK = `
async function work(path) {
  const warnings = Array.from([], String);
  const ignore = () => {};
  const warn = (line = "") => void warnings.push(line);
  const logger = { debug: ignore, info: ignore, warn, error: warn };
  const store = await open({ path, workers: "auto", writeBufferSize: 262144, syncWrites: false, logger, loggingLevel: 2 });
  const value = new Uint8Array(60);
  let rounds = 0;
  const isOver = () => warnings.length > 0 || store.metrics().workerJobs > 1 || rounds === 4000;
  for (; !isOver(); rounds++) {
    const keyOf = (i = 0) => "key" + (((rounds * 500 + i) * 40503) % 12007);
    await store.batch(Array.from({ length: 500 }, (_, i) => ({ type: "put", key: keyOf(i), value })));
  }
  const { workerJobs, workerFailures } = store.metrics();
  const { damages } = await store.verify();
  await store.close();
  if (workerJobs < 2 || workerFailures + warnings.length + damages.length > 0)
    throw new Error([rounds, workerJobs, workerFailures, ...warnings, ...damages].join(" "));
  return "worked";
}
`;

/** A function that uses the store at `path` and one beside it, and returns the output of the program. */
const USE = `${WORK}
async function use(path) {
  const store = await open(path);
  await store.put("key", "value");
  await store.close();
  const again = await open(path);
  const value = new TextDecoder().decode(await again.get("key"));
  const error = await open(path).catch((error) => error);
  if (!(error instanceof StoreError)) throw error;
  const { entries } = await again.transaction(async (tx) => {
    for (const key of ["a", "b"]) tx.put(key, value);
  }).then(() => inspectBackup(again.backup()));
  await again.close();
  const memory = new MemoryStore();
  memory.putSync("key", "memory");
  const worked = await work(path + "-worker");
  return [value, error.code, entries, new TextDecoder().decode(memory.getSync("key")), worked].join(" ");
}
`;

const MAIN = `${USE}
use(process.argv[2]).then(
  (printed) => console.log(printed),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
`;

const NAMES = "inspectBackup, MemoryStore, open, StoreError";

/** The program as an ES module. */
export const ESM: string = `import { ${NAMES} } from "@luge/luge";\n${MAIN}`;

/** The program in CommonJS. */
export const COMMONJS: string = `const { ${NAMES} } = require("@luge/luge");\n${MAIN}`;

/** A module for a server: each request to it uses new stores. */
export const HANDLER: string = `import { ${NAMES} } from "@luge/luge";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
${USE}
export async function answer() {
  const directory = mkdtempSync(tmpdir() + "/luge-framework-");
  try {
    return await use(directory + "/data");
  } catch (error) {
    return String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
`;
