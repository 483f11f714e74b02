/**
 * The program to bundle. It uses the parts that a bundle could lose: the engine, the lock, and modules that are
 * imported late.
 *
 * @module
 */

/** The output of a correct run. */
export const PRINTED = "value STORE_LOCKED 3 memory";

const MAIN = `
async function main(path) {
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
  console.log(value, error.code, entries, new TextDecoder().decode(memory.getSync("key")));
}
main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
`;

const NAMES = "inspectBackup, MemoryStore, open, StoreError";

/** The program as an ES module. */
export const ESM: string = `import { ${NAMES} } from "@luge/luge";\n${MAIN}`;

/** The program in CommonJS. */
export const COMMONJS: string = `const { ${NAMES} } = require("@luge/luge");\n${MAIN}`;
