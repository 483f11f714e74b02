/**
 * The tables and functions of a store. docs/design/servers.md says what they are for.
 *
 * @module
 */

import type { Tables } from "./tables.ts";

/** The format of the tables that this release writes and reads. */
export const SCHEMA_FORMAT = 2;

/** More commits than have ids of one millisecond. */
const COMMITS_A_MILLISECOND = 100;

/** Which server speaks. */
export type Dialect = "postgres" | "yugabyte" | "cockroach";

/** The server with this `version()`. */
export function dialectOf(version: string): Dialect {
  if (/CockroachDB/i.test(version)) return "cockroach";
  return /-YB-|Yugabyte/i.test(version) ? "yugabyte" : "postgres";
}

/** Statements that create what is missing, as one text. The row of `meta` comes last: with it, all else exists. */
export function schemaOf(t: Tables, dialect: Dialect, versionsToKeep: number, historyMs: number): string {
  // YugabyteDB spreads keys by a hash otherwise. PostgreSQL refuses the word.
  const up = dialect === "yugabyte" ? " asc" : "";
  return `
create table if not exists ${t.entries} (
  key bytea not null, value bytea, version bigint not null, expires bigint not null default 0,
  expiring bigint not null default 0, primary key (key${up}));
create index if not exists ${t.entriesExpiry} on ${t.entries} (expiring${up}) where expiring > 0;
create table if not exists ${t.changes} (
  version bigint not null, key bytea not null, value bytea, expires bigint not null default 0, written bigint,
  primary key (version${up}, key${up}));
create index if not exists ${t.changesByKey} on ${t.changes} (key${up}, version${up});
create table if not exists ${t.clock} (id int primary key, version bigint not null);
create table if not exists ${t.commits} (
  id bytea not null, version bigint not null, refused int[] not null, existed int[] not null, primary key (id${up}));
create table if not exists ${t.holds} (id bytea primary key, version bigint not null, until bigint not null);
create table if not exists ${t.restores} (
  id bytea not null, key bytea not null, value bytea, version bigint not null, expires bigint not null,
  primary key (id${up}, key${up}));
create table if not exists ${t.meta} (
  id int primary key, format int not null, versions_to_keep bigint not null, history_ms bigint not null,
  kept bigint not null, old bigint not null, cursor_version bigint not null, cursor_key bytea not null);
${commitFunction(t, dialect)}
${trimFunction(t, dialect)}
${restoreFunction(t, dialect)}
insert into ${t.clock} (id, version) values (0, 0) on conflict (id) do nothing;
insert into ${t.meta} values (0, ${SCHEMA_FORMAT}, ${versionsToKeep}, ${historyMs}, 0, 0, 0, '') on conflict (id) do nothing;
`;
}

/** PostgreSQL plans the statements of a function once: a plan that reads whole tables must not be among them. */
function settings(dialect: Dialect): string {
  return dialect === "postgres" ? "set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off" : "";
}

/**
 * The expiry of the value of a row; 0 if it has none, or is gone. It has a column and an index of its own: PostgreSQL
 * overwrites a row without touching the indexes (HOT) only if no column of an index changes, and none of its condition.
 */
function expiring(row: string): string {
  return `case when ${row}.value is null then 0 else ${row}.expires end`;
}

/** What a newer entry of a key replaces. */
export const REPLACED = `value = excluded.value, version = excluded.version, expires = excluded.expires,
      expiring = excluded.expiring`;

/** Whether the entry of a row is there at the time `now`. */
function live(row: string, now: string): string {
  return `${row}.value is not null and (${row}.expires = 0 or ${row}.expires > ${now})`;
}

/**
 * A group of requests as one commit. The lock of the row of the clock puts commits in one order: what this reads
 * after the lock is what all commits before it wrote. Each request has a version of its own, by its number in the group.
 *
 * `r_state` is 0: decided now; 1: an earlier call with this id has decided it; 2: a key that the client has looked at has
 * another version now.
 */
function commitFunction(t: Tables, dialect: Dialect): string {
  return `
create or replace function ${t.commit}(
  p_id bytea, p_again boolean, p_now bigint, p_requests int,
  p_seen_keys bytea[], p_seen_versions bigint[],
  p_check_requests int[], p_check_keys bytea[], p_check_versions bigint[],
  p_read_requests int[], p_read_keys bytea[], p_read_since bigint[],
  p_range_requests int[], p_range_lower bytea[], p_range_upper bytea[], p_range_since bigint[],
  p_write_requests int[], p_keys bytea[], p_values bytea[], p_expiries bigint[], p_deletes boolean,
  out r_state int, out r_base bigint, out r_refused int[], out r_existed int[])
language plpgsql ${settings(dialect)} as $luge$
declare
  v_kept bigint;
  v_blind boolean := not p_again and cardinality(p_seen_keys) + cardinality(p_check_keys)
    + cardinality(p_read_keys) + cardinality(p_range_requests) = 0 and cardinality(p_keys) > 0;
begin
  r_state := 0;
  r_refused := '{}';
  r_existed := '{}';
  -- A group that nothing can refuse moves the clock at once.
  if v_blind then
    update ${t.clock} set version = version + p_requests where id = 0 returning version - p_requests into r_base;
  else
    select c.version into r_base from ${t.clock} c where c.id = 0 for update;
  end if;
  if p_again then
    select c.version, c.refused, c.existed into v_kept, r_refused, r_existed from ${t.commits} c where c.id = p_id;
    if found then
      r_state := 1;
      r_base := v_kept - p_requests;
      return;
    end if;
    r_refused := '{}';
    r_existed := '{}';
  end if;
  if cardinality(p_seen_keys) > 0 then
    perform 1 from unnest(p_seen_keys, p_seen_versions) s(key, version)
      left join ${t.entries} e on e.key = s.key where coalesce(e.version, 0) <> s.version limit 1;
    if found then
      r_state := 2;
      return;
    end if;
  end if;
  if cardinality(p_check_keys) > 0 then
    r_refused := array(select c.request from unnest(p_check_requests, p_check_keys, p_check_versions) c(request, key, version)
      left join ${t.entries} e on e.key = c.key
      where case when ${live("e", "p_now")} then e.version else 0 end <> c.version);
  end if;
  if cardinality(p_read_keys) + cardinality(p_range_requests) > 0 then
    select m.kept into v_kept from ${t.meta} m where m.id = 0;
    r_refused := r_refused || array(
      select r.request from unnest(p_read_requests, p_read_keys, p_read_since) r(request, key, since)
      left join ${t.entries} e on e.key = r.key where e.version > r.since or r.since < v_kept);
    r_refused := r_refused || array(
      select r.request from unnest(p_range_requests, p_range_lower, p_range_upper, p_range_since) r(request, low, high, since)
      where r.since < v_kept or exists (select 1 from ${t.changes} c where c.version > r.since
        and (r.low is null or c.key >= r.low) and (r.high is null or c.key < r.high)));
  end if;
  if not v_blind and not exists (
    select 1 from unnest(p_write_requests) w(request) where w.request <> all (r_refused)) then
    return;
  end if;
  if p_deletes then
    r_existed := array(select w.request from unnest(p_write_requests, p_keys, p_values) w(request, key, value)
      join ${t.entries} e on e.key = w.key
      where w.value is null and w.request <> all (r_refused) and ${live("e", "p_now")});
  end if;
  insert into ${t.changes} (version, key, value, expires, written)
    select r_base + 1 + w.request, w.key, w.value, w.expires, p_now
    from unnest(p_write_requests, p_keys, p_values, p_expiries) w(request, key, value, expires)
    where w.request <> all (r_refused);
  insert into ${t.entries} as e (key, value, version, expires, expiring)
    select distinct on (w.key) w.key, w.value, r_base + 1 + w.request, w.expires, ${expiring("w")}
    from unnest(p_write_requests, p_keys, p_values, p_expiries) w(request, key, value, expires)
    where w.request <> all (r_refused) order by w.key, w.request desc
    on conflict (key) do update set ${REPLACED};
  if not v_blind then
    update ${t.clock} set version = r_base + p_requests where id = 0;
  end if;
  insert into ${t.commits} (id, version, refused, existed) values (p_id, r_base + p_requests, r_refused, r_existed);
end
$luge$;`;
}

/**
 * Removes some of what nobody needs: versions that newer ones replaced, deletions, expired values, old ids of commits. It
 * passes over the changes once, in the order of the commits, up to a version that is old enough and that nobody holds.
 * One client does this at a time: the lock of the row of \`meta\` says which one.
 */
function trimFunction(t: Tables, dialect: Dialect): string {
  return `
create or replace function ${t.trim}(p_before bytea, p_day_before bytea, p_now bigint, p_most int, out r_more boolean)
language plpgsql ${settings(dialect)} as $luge$
declare
  m record;
  v_limit bigint;
  v_kept bigint;
  v_some bigint;
  v_count int;
  v_gone int;
  v_keys bytea[];
  v_versions bigint[];
begin
  r_more := false;
  select * into m from ${t.meta} where id = 0 for update skip locked;
  if not found then
    return;
  end if;
  delete from ${t.holds} where until < p_now;
  delete from ${t.restores} where (id, key) in (
    select r.id, r.key from ${t.restores} r where r.id < p_day_before order by r.id, r.key limit p_most);
  -- Ids of one millisecond have no order: the newest version is among the newest ids.
  select max(b.version) into v_limit from (
    select c.version from ${t.commits} c where c.id < p_before order by c.id desc limit ${COMMITS_A_MILLISECOND}) b;
  m.old := greatest(m.old, coalesce(v_limit, 0));
  delete from ${t.commits} where id in (select c.id from ${t.commits} c where c.id < p_before order by c.id limit p_most);
  select least(m.old, min(h.version)) into v_limit from ${t.holds} h;
  v_kept := m.kept;
  select array_agg(b.key), array_agg(b.version), count(*) into v_keys, v_versions, v_count from (
    select c.key, c.version from ${t.changes} c
    where (c.version, c.key) > (m.cursor_version, m.cursor_key) and c.version <= v_limit
    order by c.version, c.key limit p_most) b;
  if v_count > 0 then
    with b as (
      select distinct on (u.key) u.key, u.version from unnest(v_keys, v_versions) u(key, version)
      order by u.key, u.version desc),
    s as (
      select b.key, (select c.version from ${t.changes} c where c.key = b.key and c.version <= b.version
        order by c.version desc offset m.versions_to_keep - 1 limit 1) as oldest from b),
    d as (
      delete from ${t.changes} c using s where c.key = s.key and c.version < s.oldest returning s.oldest)
    select max(d.oldest) into v_some from d;
    v_kept := greatest(v_kept, coalesce(v_some, 0));
    if m.versions_to_keep = 1 then
      with g as (
        select e.key, e.version from unnest(v_keys, v_versions) u(key, version)
        join ${t.entries} e on e.key = u.key and e.version = u.version
        where e.value is null and e.expires = 0 for update of e skip locked),
      e as (
        delete from ${t.entries} e using g where e.key = g.key and e.version = g.version returning e.key, e.version),
      d as (
        delete from ${t.changes} c using e where c.key = e.key and c.version = e.version returning c.version)
      select max(d.version) into v_some from d;
      v_kept := greatest(v_kept, coalesce(v_some, 0));
    end if;
    m.cursor_version := v_versions[v_count];
    m.cursor_key := v_keys[v_count];
    r_more := v_count = p_most;
  end if;
  if m.versions_to_keep = 1 then
    with x as (
      select e.key, e.version from ${t.entries} e
      where e.expiring > 0 and e.expiring <= p_now and e.version <= m.cursor_version
      order by e.expiring limit p_most for update skip locked),
    e as (
      delete from ${t.entries} e using x where e.key = x.key and e.version = x.version returning e.key, e.version),
    d as (
      delete from ${t.changes} c using e where c.key = e.key and c.version <= e.version returning c.version)
    select max(d.version), count(*) into v_some, v_gone from d;
    v_kept := greatest(v_kept, coalesce(v_some, 0));
  else
    with x as (
      select e.key, e.version from ${t.entries} e
      where e.expiring > 0 and e.expiring <= p_now and e.version <= m.cursor_version
      order by e.expiring limit p_most for update skip locked),
    e as (
      update ${t.entries} e set value = null, expiring = 0 from x where e.key = x.key and e.version = x.version
      returning e.key, e.version),
    d as (
      update ${t.changes} c set value = null from e where c.key = e.key and c.version = e.version returning c.version)
    select count(*) into v_gone from d;
  end if;
  r_more := r_more or v_gone >= p_most;
  update ${t.meta} set kept = v_kept, old = m.old, cursor_version = m.cursor_version, cursor_key = m.cursor_key
    where id = 0;
end
$luge$;`;
}

/** Makes a backup visible that is in \`restores\`. \`r_reason\` says why it does not fit the store; null if it does. */
function restoreFunction(t: Tables, dialect: Dialect): string {
  return `
create or replace function ${t.restore}(p_id bytea, p_from bigint, p_to bigint, p_increment boolean, p_apply boolean, out r_reason text)
language plpgsql ${settings(dialect)} as $luge$
declare
  v_version bigint;
begin
  select c.version into v_version from ${t.clock} c where c.id = 0 for update;
  if exists (select 1 from ${t.commits} c where c.id = p_id) then
    return;
  end if;
  if p_increment then
    if v_version <> p_from then
      r_reason := 'it continues version ' || p_from || ', and the store is at version ' || v_version;
    end if;
  elsif exists (select 1 from ${t.entries}) then
    r_reason := 'it is a full one, of version ' || p_to || ', and the store, at version ' || v_version || ', is not empty';
  elsif not (v_version < p_to or (v_version = 0 and p_to = 0)) then
    r_reason := 'it is of version ' || p_to || ', and the store is at version ' || v_version || ': versions only grow';
  end if;
  if r_reason is not null or not p_apply then
    return;
  end if;
  insert into ${t.changes} (version, key, value, expires)
    select r.version, r.key, r.value, r.expires from ${t.restores} r where r.id = p_id;
  insert into ${t.entries} as e (key, value, version, expires, expiring)
    select r.key, r.value, r.version, r.expires, ${expiring("r")} from ${t.restores} r where r.id = p_id order by r.key
    on conflict (key) do update set ${REPLACED};
  delete from ${t.restores} where id = p_id;
  if p_to > v_version then
    update ${t.clock} set version = p_to where id = 0;
    update ${t.meta} set kept = p_to where id = 0;
  end if;
  insert into ${t.commits} (id, version, refused, existed) values (p_id, greatest(p_to, v_version), '{}', '{}');
end
$luge$;`;
}
