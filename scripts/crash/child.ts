/**
 * The process that is killed: writes as its plan says, and reports each attempt before the call and each
 * acknowledgement after it, straight into the pipe.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { open, type SledStore } from "../../mod.ts";
import { contentOf, keyOf, Plan, type Step } from "./plan.ts";

const STANDARD_OUTPUT = 1;

const [path = "", seed = "", writers = "", form = ""] = process.argv.slice(2);

function report(kind: "try" | "ack", { number }: Step): void {
  say(`${kind} ${number}\n`);
}

/** The pipe may be full: whoever reads it is slower. A line this short is written whole or not at all. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(STANDARD_OUTPUT, line);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
    }
  }
}

async function apply(store: SledStore, step: Step): Promise<void> {
  const key = keyOf(step.key);
  report("try", step);
  if (form === "sync") {
    if (step.kind === "put") store.putSync(key, contentOf(step));
    else store.deleteSync(key);
  } else if (step.kind === "put") await store.put(key, contentOf(step));
  else await store.delete(key);
  report("ack", step);
}

/** Each writer has keys of its own, so that the order of the writes to one key is known. */
async function write(store: SledStore, writer: number): Promise<void> {
  const plan = new Plan(Number(seed), writer, Number(writers));
  for (;;) await apply(store, plan.next());
}

const store = await open(path);
say("open\n");
await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(store, writer)));
