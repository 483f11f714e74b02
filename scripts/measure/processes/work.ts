/**
 * What the processes do.
 *
 * @module
 */

/** When a write counts: once the operating system has it, or once it is on the disk. */
export type Guarantee = "buffered" | "durable";

/** How many entries the stores have. */
export const ENTRIES = 100_000;
/** The value of each at first. Puts change it: SQLite writes nothing for a value that is there already. */
export const VALUE: Uint8Array = new Uint8Array(100).fill(7);

/** The key of a number. */
export const keyOf = (number: number): string => String(number).padStart(12, "0");

/** Processes that follow the store of the others. */
export const FOLLOWERS = "followers";
/** One process with a store of its own. */
export const OWNER = "owner";

/** What the processes do. */
export type Workload = "get" | "get-64" | "put-64" | "durable" | "durable-64" | "scan";

/** How each workload writes, and how many calls of a process are in flight. */
export const WORKLOADS: Record<Workload, { title: string; guarantee: Guarantee; inFlight: number }> = {
  get: { title: "gets, one at a time", guarantee: "buffered", inFlight: 1 },
  "get-64": { title: "gets, 64 in flight", guarantee: "buffered", inFlight: 64 },
  "put-64": { title: "puts, 64 in flight", guarantee: "buffered", inFlight: 64 },
  durable: { title: "durable puts, one at a time", guarantee: "durable", inFlight: 1 },
  "durable-64": { title: "durable puts, 64 in flight", guarantee: "durable", inFlight: 64 },
  scan: { title: "entries scanned", guarantee: "buffered", inFlight: 1 },
};
