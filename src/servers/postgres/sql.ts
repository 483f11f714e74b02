/**
 * The statements of a store. Each is prepared once for each connection.
 *
 * @module
 */

import { REPLACED } from "./schema.ts";
import type { Tables } from "./tables.ts";

/** A page looks at so many entries at most, and a count at so many. */
export const PAGE_VISITS = 2000;
export const COUNT_VISITS = 10_000;

/** Values of more bytes are read by pages that count bytes. A page of `PAGE_VISITS` smaller ones has some MiB. */
export const LARGE_BYTES = 4096;

/** The directions of a range. */
type Direction = "asc" | "desc";

/** Texts of statements. */
export interface Statements {
  readonly newest: string;
  readonly one: string;
  readonly many: string;
  readonly manyAt: string;
  readonly plainScan: Readonly<Record<Direction, string>>;
  readonly plainScanKeys: Readonly<Record<Direction, string>>;
  readonly scan: Readonly<Record<Direction, string>>;
  readonly scanAt: Readonly<Record<Direction, string>>;
  readonly count: string;
  readonly countAt: string;
  readonly size: string;
  readonly versions: string;
  readonly changes: string;
  readonly commit: string;
  readonly put: string;
  readonly lock: string;
  readonly hold: string;
  readonly trim: string;
  readonly stage: string;
  readonly unstage: string;
  readonly restore: string;
}

/** The statements for the tables of a store. */
export function statementsOf(t: Tables): Statements {
  return {
    newest: `select c.version, m.kept from ${t.clock} c, ${t.meta} m where c.id = 0 and m.id = 0`,
    one: `select value, version, expires from ${t.entries} where key = $1`,
    many: `select key, value, version, expires from ${t.entries} where key = any($1)`,
    manyAt: `select m.kept, k.key, ${CHOSEN} from ${t.meta} m cross join unnest($1::bytea[]) k(key)
      left join ${t.entries} e on e.key = k.key ${older(t, "$2")} where m.id = 0`,
    plainScan: { asc: plainScan(t, "asc", false), desc: plainScan(t, "desc", false) },
    plainScanKeys: { asc: plainScan(t, "asc", true), desc: plainScan(t, "desc", true) },
    scan: { asc: scan(t, "asc", false), desc: scan(t, "desc", false) },
    scanAt: { asc: scan(t, "asc", true), desc: scan(t, "desc", true) },
    count: count(t, false),
    countAt: count(t, true),
    size: `with v as (select key, octet_length(key) + coalesce(octet_length(value), 0) as bytes from ${t.entries}
        where ${RANGE} order by key limit $3)
      select c.version, 0 as kept, coalesce(sum(v.bytes), 0) as sum,
        (select key from v order by key offset $3 - 1 limit 1) as last
      from ${t.clock} c left join v on true where c.id = 0 group by c.version`,
    versions: `select version, value, expires, written from ${t.changes} where key = $1 order by version desc`,
    changes: changes(t),
    commit: `select * from ${t.commit}(${Array.from({ length: 21 }, (_, i) => `$${i + 1}`).join(", ")})`,
    put: put(t),
    lock: `select version from ${t.clock} where id = 0 for update`,
    hold: `insert into ${t.holds} as h (id, version, until) values ($1, $2, $3)
      on conflict (id) do update set version = excluded.version, until = excluded.until`,
    trim: `select * from ${t.trim}($1, $2, $3, $4)`,
    stage: `insert into ${t.restores} (id, key, value, version, expires)
      select $1, u.key, u.value, u.version, u.expires from unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[])
      u(key, value, version, expires) on conflict (id, key) do nothing`,
    unstage: `delete from ${t.restores} where id = $1`,
    restore: `select r_reason from ${t.restore}($1, $2, $3, $4, $5) r(r_reason)`,
  };
}

/**
 * A group of one request that writes one value, and that nothing can refuse: what the function would do, as one
 * statement. $1 the id of the commit, $2 the key, $3 the value, $4 the expiry, $5 the time. The other writes need the
 * version that the clock has after this one, so they come after the lock of the clock. None of them reads what was there
 * before: `on conflict` sees the newest row, whatever the statement saw at its begin.
 */
function put(t: Tables): string {
  return `with c as (update ${t.clock} set version = version + 1 where id = 0 returning version),
    h as (insert into ${t.changes} (version, key, value, expires, written) select version, $2, $3, $4, $5 from c),
    i as (insert into ${t.commits} (id, version, refused, existed) select $1, version, '{}', '{}' from c),
    e as (insert into ${t.entries} (key, value, version, expires, expiring) select $2, $3, version, $4, $4 from c
      on conflict (key) do update set ${REPLACED})
    select version from c`;
}

/** The keys from $1 on and before $2. An end that is null is open. */
const RANGE = "key >= $1 and ($2::bytea is null or key < $2)";

/** The version of a row that a reader sees. Its table is e, and h has what was before. */
const CHOSEN = `case when h.version is null then e.value else h.value end as value,
  coalesce(h.version, e.version) as version, coalesce(h.expires, e.expires) as expires`;

/** The version of a key that a reader at a version sees, if it is not the newest; without any, version 0. */
function older(t: Tables, version: string): string {
  return `left join lateral (select * from (
      select c.version, c.value, c.expires from ${t.changes} c where c.key = e.key and c.version <= ${version}
      and e.version > ${version} union all select 0, null::bytea, 0 where e.version > ${version}) x
      order by x.version desc limit 1) h on true`;
}

/**
 * A page of the newest versions, with what was deleted and has expired, as one row: $1 and $2 the range, $3 how many
 * entries. Keys are one bytea, and so are values; their lengths, the versions and the expiries are lists of numbers. The
 * package that reads rows takes more time for each cell than all else. A large value is left out: its expiry is below 0.
 */
function plainScan(t: Tables, direction: Direction, keysOnly: boolean): string {
  const value = keysOnly
    ? "case when value is not null then ''::bytea end"
    : `case when octet_length(value) <= ${LARGE_BYTES} then value end`;
  const expires = keysOnly ? "expires" : `case when octet_length(value) > ${LARGE_BYTES} then -1 else expires end`;
  return `select c.version, m.kept, p.* from ${t.clock} c, ${t.meta} m, (
      select string_agg(r.key, ''::bytea) as keys, string_agg(octet_length(r.key)::text, ',') as key_lengths,
        string_agg(r.value, ''::bytea) as values, string_agg(coalesce(octet_length(r.value), -1)::text, ',') as value_lengths,
        string_agg(r.version::text, ',') as versions, case when bool_or(r.expires <> 0) then string_agg(r.expires::text, ',') end as expiries
      from (select key, ${value} as value, version, ${expires} as expires from ${t.entries}
        where ${RANGE} order by key ${direction} limit $3) r) p
    where c.id = 0 and m.id = 0`;
}

/**
 * A page: $1 and $2 the range, $3 how many entries it looks at, $4 bytes at most, $5 the time, $6 whether without values,
 * $7 the version. The first row has no key: it says how many entries were looked at.
 */
function scan(t: Tables, direction: Direction, isAt: boolean): string {
  const rows = `select key, value, version, expires from ${t.entries} where ${RANGE} order by key ${direction} limit $3`;
  const chosen = isAt ? `select e.key, ${CHOSEN} from (${rows}) e ${older(t, "$7")}` : rows;
  return `with v as (
      select p.key, p.version, p.expires,
        case when p.value is null or (p.expires > 0 and p.expires <= $5) then null when $6 then ''::bytea else p.value end as value,
        sum(octet_length(p.key) + case when $6 then 0 else coalesce(octet_length(p.value), 0) end + 32)
          over (order by p.key ${direction} rows between unbounded preceding and 1 preceding) as before
      from (${chosen}) p)
    select c.version as version, m.kept as kept, (select count(*) from v) as expires, null::bytea as key, null::bytea as value
      from ${t.clock} c, ${t.meta} m where c.id = 0 and m.id = 0
    union all
    select v.version, 0::bigint, v.expires, v.key, v.value from v where coalesce(v.before, 0) < $4
    order by 4 ${direction} nulls first`;
}

/** Counts: $1 and $2 the range, $3 how many entries it looks at, $4 the time, $5 the version. */
function count(t: Tables, isAt: boolean): string {
  const rows = `select key, ${isAt ? "value, version" : "(value is not null) as there"}, expires from ${t.entries}
    where ${RANGE} order by key limit $3`;
  const there = isAt ? "p.value is not null" : "p.there";
  const chosen = isAt ? `select e.key, ${CHOSEN} from v e ${older(t, "$5")}` : "select * from v";
  return `with v as materialized (${rows})
    select c.version, m.kept,
      (select count(*) from (${chosen}) p where ${there} and (p.expires = 0 or p.expires > $4)) as sum,
      (select v.key from v order by v.key offset $3 - 1 limit 1) as last
    from ${t.clock} c, ${t.meta} m where c.id = 0 and m.id = 0`;
}

/**
 * Changes after the place ($1, $2) in the range from $3 to $4: $5 how many it looks at, $6 bytes at most, $7 the time.
 * The first row has the newest version, where the history begins, how many were looked at, and the key of the last one; the
 * second its version. The others are changes.
 */
function changes(t: Tables): string {
  return `with v as materialized (
      select c.version, c.key from ${t.changes} c where (c.version, c.key) > ($1::bigint, $2::bytea)
      order by c.version, c.key limit $5),
    w as (
      select c.version, c.key, c.expires,
        case when c.expires > 0 and c.expires <= $7 then null else c.value end as value,
        sum(octet_length(c.key) + coalesce(octet_length(c.value), 0) + 32)
          over (order by c.version, c.key rows between unbounded preceding and 1 preceding) as before
      from v join ${t.changes} c on c.version = v.version and c.key = v.key
      where v.key >= $3 and ($4::bytea is null or v.key < $4)),
    r as (select * from w where coalesce(w.before, 0) < $6)
    select 0 as kind, c.version, m.kept as expires, (select count(*) from v) as visited, (select count(*) from w) as wanted,
        (select v.key from v order by v.version desc, v.key desc limit 1) as key, null::bytea as value
      from ${t.clock} c, ${t.meta} m where c.id = 0 and m.id = 0
    union all
    select 1, coalesce((select v.version from v order by v.version desc, v.key desc limit 1), 0), 0, 0, 0, null, null
    union all
    select 2, r.version, r.expires, 0::bigint, 0::bigint, r.key, r.value from r
    order by 1, 2, 6`;
}
