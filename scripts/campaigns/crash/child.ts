/**
 * The process that is killed. It writes as its plan says. It reports each attempt before the call and each
 * acknowledgement after it, directly into the pipe. Half of the processes that await their calls also compact, flush,
 * verify, read and back up meanwhile. In the form "worker" the store merges all the time, and its worker thread is killed
 * now and then, in the middle of a job.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { delay } from "@std/async";
import { type BatchOperation, NodeFileSystem, open, type SledStore } from "../../../mod.ts";
import type { JobPlace, JobWorker } from "../../../src/fs/job_worker.ts";
import { Random } from "../../lib/random.ts";
import { contentOf, keyOf, Plan, type Step } from "./plan.ts";

const STANDARD_OUTPUT = 1;

const [path = "", seed = "", writers = "", form = ""] = process.argv.slice(2);

function report(kind: "try" | "ack", { number }: Step): void {
  say(`${kind} ${number}\n`);
}

/**
 * Writes a line to the pipe. The pipe may be full, because its reader is slower. A line this short is written whole or
 * not at all.
 */
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

/** The ways to make one change. */
const WAYS: readonly ((store: SledStore, operation: BatchOperation) => Promise<unknown>)[] = [
  (store, change) => (change.type === "put" ? store.put(change.key, change.value) : store.delete(change.key)),
  (store, change) => store.batch([change]),
  (store, change) =>
    store.transaction((transaction) => {
      transaction.getSync(change.key);
      if (change.type === "put") transaction.put(change.key, change.value);
      else transaction.delete(change.key);
    }),
  (store, { key, ...change }) =>
    change.type === "put"
      ? store.compareAndSet(key, store.getEntrySync(key)?.version, change.value)
      : store.deleteRange({ gte: key, lte: key }),
];

async function apply(store: SledStore, step: Step): Promise<void> {
  const key = keyOf(step.key);
  const change: BatchOperation =
    step.kind === "put" ? { type: "put", key, value: contentOf(step) } : { type: "delete", key };
  report("try", step);
  if (form !== "sync") await WAYS[Math.floor(step.number / Number(writers)) % WAYS.length]?.(store, change);
  else if (change.type === "put") store.putSync(key, change.value);
  else store.deleteSync(key);
  report("ack", step);
}

/** Other work of a store besides its writes. It ends with the process. */
async function work(store: SledStore): Promise<void> {
  const random = new Random(Number(seed));
  const jobs = [
    () => store.compact(),
    () => store.flush(),
    () => store.verify(),
    () => store.backup().pipeTo(new WritableStream()),
    async () => {
      using snapshot = store.snapshot();
      await snapshot.count();
    },
  ];
  for (;;) {
    await delay(random.below(20));
    await jobs[random.below(jobs.length)]?.();
  }
}

/** Each writer has its own keys, so that the order of the writes to one key is known. */
async function write(store: SledStore, writer: number): Promise<void> {
  const plan = new Plan(Number(seed), writer, Number(writers));
  for (;;) await apply(store, plan.next());
}

/** One in this many jobs ends with the death of its worker, at most this much later. */
const [KILLS_ONE_IN, KILL_MS] = [8, 10];

/** The disk, with workers that die. */
class DyingWorkers extends NodeFileSystem {
  readonly #random = new Random(Number(seed));

  override async startJobWorker(place: JobPlace): Promise<JobWorker> {
    const worker = await super.startJobWorker(place);
    return {
      run: (job) => {
        if (this.#random.below(KILLS_ONE_IN) === 0) void this.#kill(worker);
        const answer = worker.run(job);
        answer.then(
          () => say("job\n"),
          () => {},
        );
        return answer;
      },
      stop: () => worker.stop(),
    };
  }

  async #kill(worker: JobWorker): Promise<void> {
    await delay(this.#random.below(KILL_MS));
    say("kill\n");
    await worker.stop();
  }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const MERGING = { path, writeBufferSize: 256 * 1024, syncWrites: false, workers: "auto", logger: SILENT } as const;

const store = await open(form === "worker" ? { ...MERGING, fileSystem: new DyingWorkers() } : path);
say("open\n");
const writing = Array.from({ length: Number(writers) }, (_, writer) => write(store, writer));
await Promise.all(Number(seed) % 2 === 0 ? [...writing, work(store)] : writing);
