/**
 * The program of the tests in this folder, for each runtime: `child.ts <command> <path> [generation]`.
 *
 * @module
 */

import process from "node:process";
import { open, type SledStore, StoreError } from "../../mod.ts";
import { checkGeneration, writeGeneration } from "./generations.ts";

const [command = "", path = "", generation = "0"] = process.argv.slice(2);

/** Stays alive with the store open until it is killed. */
function stay(): Promise<never> {
  return new Promise(() => setInterval(() => {}, 1000));
}

async function openOrReport(): Promise<SledStore> {
  try {
    return await open(path);
  } catch (error) {
    console.log(error instanceof StoreError ? `${error.code} ${error.message}` : String(error));
    process.exit(0);
  }
}

const store = await openOrReport();
switch (command) {
  case "write":
    await writeGeneration(store, Number(generation));
    await store.close();
    console.log("written");
    break;
  case "check":
    checkGeneration(store, Number(generation));
    await store.close();
    console.log("checked");
    break;
  case "hold":
    await writeGeneration(store, Number(generation));
    console.log(`holding ${process.pid}`);
    await stay();
    break;
  default:
    throw new RangeError(`Unknown command '${command}'`);
}
