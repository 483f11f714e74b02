/**
 * Stores with worker threads whose jobs a test can change.
 *
 * @module
 */

import assert from "node:assert/strict";
import { open, type SledStore } from "../../mod.ts";
import type { JobPlace, JobWorker } from "../../src/fs/job_worker.ts";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { withDirectory } from "../support/temporary.ts";

/** A small write buffer: some blocks, so that one step cannot merge it. */
export const BUFFER: number = 256 * 1024;
/** The puts of one batch. */
export const BATCH = 500;
/** Some memtables. */
const ENTRIES = 12_000;
const VALUE = new Uint8Array(60).fill(7);

/** Runs a job of a worker, or does something else. */
export type Run = (worker: JobWorker, job: Uint8Array<ArrayBuffer>, number: number) => Promise<Uint8Array>;

/** The disk, with workers whose jobs a test can change. */
export class WatchedWorkers extends NodeFileSystem {
  started = 0;
  jobs = 0;
  stopped = 0;
  readonly #run: Run;

  constructor(run: Run = (worker, job) => worker.run(job)) {
    super();
    this.#run = run;
  }

  override async startJobWorker(place: JobPlace): Promise<JobWorker> {
    this.started += 1;
    const worker = await super.startJobWorker(place);
    return {
      run: (job) => {
        this.jobs += 1;
        return this.#run(worker, job, this.jobs);
      },
      stop: () => {
        this.stopped += 1;
        return worker.stop();
      },
    };
  }
}

/** A key, in no order. */
export const keyOf = (i: number): string => `key${String(Math.imul(i, 0x9e3779b1) >>> 0).padStart(10, "0")}`;

/** Writes entries in batches, and awaits each. */
export async function load(
  store: SledStore,
  entries: number = ENTRIES,
  until: () => boolean = () => false,
): Promise<void> {
  for (let i = 0; i < entries; i += BATCH) {
    const puts = Array.from({ length: BATCH }, (_, j) => ({ type: "put", key: keyOf(i + j), value: VALUE }) as const);
    await store.batch(puts);
    if (until()) return;
  }
}

/** Writes until the condition holds. A thread takes a while to start. */
export async function loadUntil(store: SledStore, until: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !until(); round++) await load(store, ENTRIES, until);
  assert.ok(until(), "the condition never held");
}

/** Checks that the store has all entries, and no damage. */
export async function assertHolds(store: SledStore, entries: number = ENTRIES): Promise<void> {
  let count = 0;
  for await (const [, value] of store.entries()) {
    assert.equal(value.length, VALUE.length);
    count += 1;
  }
  assert.equal(count, entries);
  assert.deepEqual((await store.verify()).damages, []);
}

/** Opens a store with workers, uses it and closes it, and checks what another store finds in its directory. */
export async function withStore(
  fileSystem: NodeFileSystem,
  use: (store: SledStore, warnings: string[]) => Promise<void>,
  { closes = true }: { readonly closes?: boolean } = {},
): Promise<void> {
  await withDirectory(async (path) => {
    const warnings: string[] = [];
    const [ignored, log] = [() => {}, (line: string) => warnings.push(line)];
    const logger = { debug: ignored, info: ignored, warn: log, error: log };
    const config = {
      path,
      writeBufferSize: BUFFER,
      syncWrites: false,
      fileSystem,
      workers: "auto",
      logger,
      loggingLevel: 0,
    } as const;
    const store = await open(config);
    await use(store, warnings);
    if (closes) await store.close();
    await using again = await open(path);
    await assertHolds(again);
  });
}
