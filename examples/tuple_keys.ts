/**
 * Keys of several parts: readings of sensors, by place, sensor and time.
 *
 * ```sh
 * node examples/tuple_keys.ts
 * ```
 *
 * In a project of your own, import from "@luge/luge" and "@luge/luge/keys".
 *
 * @module
 */

import { jsonCodec, MemoryStore } from "../mod.ts";
import { tupleKeyOf } from "../src/keys/mod.ts";

await using store = new MemoryStore(); // or: await open("data")
const key = tupleKeyOf<[place: string, sensor: number, at: Date]>();
const readings = store.view({ prefix: "readings/", key, value: jsonCodec<number>() });

const hour = (hours: number) => new Date(Date.UTC(2026, 0, 1, hours));
await readings.batch([
  { type: "put", key: ["roof", 10, hour(1)], value: -2 },
  { type: "put", key: ["roof", 9, hour(2)], value: -3.5 },
  { type: "put", key: ["roof", 9, hour(1)], value: -3 },
  { type: "put", key: ["cellar", 9, hour(1)], value: 11 },
]);

// All sensors of a place, in the order of their numbers and times.
for (const [[place, sensor, at], celsius] of readings.entries({ prefix: ["roof"] })) {
  console.log(place, sensor, at.toISOString(), celsius);
}

// The newest reading of one sensor.
for (const celsius of readings.values({ prefix: ["roof", 9], reverse: true, limit: 1 })) {
  console.log("newest:", celsius);
}
