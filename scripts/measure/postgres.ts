/**
 * The store over PostgreSQL beside the package `postgres` doing the same by hand, in one run: operations a second. By
 * hand a put is one statement, which writes the entry and its history. The same commit by hand also moves a clock, for
 * snapshots and watches, and keeps a mark, for a write that is done once. A server of its own is started.
 *
 * ```sh
 * node scripts/measure.ts postgres [--rounds 3] [--milliseconds 2000] [--writers 64]
 * ```
 *
 * The two take turns in each round.
 *
 * @module
 */

import postgres from "postgres";
import { openPostgres } from "../../src/servers/postgres/mod.ts";
import { count, readOptions } from "../lib/options.ts";
import { PostgresServer } from "../lib/postgres_server.ts";
import { median } from "../lib/statistics.ts";

const values = readOptions({
  rounds: count("how often each is measured", 3),
  milliseconds: count("how long each is measured", 2000),
  writers: count("how many writers or readers there are at once", 64),
});
const KEYS = 10_000;
const VALUE_BYTES = 100;
const key = (i: number) => `key/${String(i % KEYS).padStart(6, "0")}`;

const server = await PostgresServer.start();
const store = await openPostgres({ url: server.url, connections: 10 });
const sql = postgres(server.url, { max: 10, onnotice: () => {} });
await sql`create table plain (key bytea primary key, value bytea not null, version bigint not null)`;
await sql`create table plain_clock (version bigint not null)`;
await sql`insert into plain_clock values (1000000000)`;
await sql`create table plain_marks (mark bytea primary key, version bigint)`;
await sql`create table plain_history (key bytea, version bigint, value bytea, primary key (key, version))`;

let puts = 0;

/** A value that no put before had: PostgreSQL does less for a row that stays the same. */
function newValue(): Uint8Array {
  const value = new Uint8Array(VALUE_BYTES).fill(7);
  new DataView(value.buffer).setUint32(0, puts++);
  return value;
}

/** The calls of both, by name. */
const CALLS: Readonly<Record<string, readonly [luge: (i: number) => Promise<unknown>, plain: typeof plainPut]>> = {
  put: [(i) => store.put(key(i), newValue()), plainPut],
  "put, beside the same commit by hand": [(i) => store.put(key(i), newValue()), plainCommit],
  get: [(i) => store.get(key(i)), plainGet],
  "1000 entries of a range": [
    (i) => store.entries({ gte: key(i), limit: 1000 }).toArray(),
    (i) => sql`select key, value, version from plain where key >= ${Buffer.from(key(i))} order by key limit 1000`,
  ],
};

async function plainPut(i: number): Promise<unknown> {
  const value = Buffer.from(newValue());
  return await sql`
    with u as (
      insert into plain (key, value, version) values (${Buffer.from(key(i))}, ${value}, 1)
      on conflict (key) do update set value = excluded.value, version = plain.version + 1
      returning key, version, value),
    h as (insert into plain_history select key, version, value from u)
    select version from u`;
}

async function plainCommit(i: number): Promise<unknown> {
  const value = Buffer.from(newValue());
  const mark = crypto.getRandomValues(new Uint8Array(16));
  return await sql`
    with c as (update plain_clock set version = version + 1 returning version),
    m as (insert into plain_marks select ${Buffer.from(mark)}, version from c),
    h as (insert into plain_history select ${Buffer.from(key(i))}, version, ${value} from c),
    u as (
      insert into plain (key, value, version) select ${Buffer.from(key(i))}, ${value}, version from c
      on conflict (key) do update set value = excluded.value, version = excluded.version)
    select version from c`;
}

async function plainGet(i: number): Promise<unknown> {
  return await sql`select value from plain where key = ${Buffer.from(key(i))}`;
}

for (let i = 0; i < KEYS; i += 1000) {
  await store.batch(Array.from({ length: 1000 }, (_, j) => ({ type: "put", key: key(i + j), value: newValue() })));
}
await sql`insert into plain select key, value, 1 from luge`;

/** Calls a second. */
async function rateOf(call: (i: number) => Promise<unknown>, callers: number): Promise<number> {
  const end = performance.now() + values.milliseconds;
  let done = 0;
  const caller = async (start: number) => {
    for (let i = start; performance.now() < end; i += 7919) {
      await call(i);
      done += 1;
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: callers }, (_, i) => caller(i * 131)));
  return (done / (performance.now() - begin)) * 1000;
}

const rows: Record<string, { luge: number; plain: number; "luge / plain": number }> = {};
for (const [name, [luge, plain]] of Object.entries(CALLS)) {
  for (const callers of [1, values.writers]) {
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < values.rounds; round++) {
      rates[0].push(await rateOf(luge, callers));
      rates[1].push(await rateOf(plain, callers));
    }
    const [a, b] = rates.map((each) => Math.round(median(each))) as [number, number];
    rows[`${name}, ${callers} at once`] = { luge: a, plain: b, "luge / plain": Math.round((a / b) * 100) / 100 };
  }
}
console.table(rows);
await store.close();
await sql.end();
await server.end();
