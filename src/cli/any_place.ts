/**
 * A store at any place: a directory, another machine, PostgreSQL or etcd.
 *
 * @module
 */

import type { AsyncStore } from "../../mod.ts";
import { etcdOptions, isEtcd } from "./etcd_place.ts";
import { FailedError, misuseAsUsage } from "./exit_codes.ts";
import type { Session } from "./session.ts";

/** Opens what is at the place of a session, and closes it afterwards. */
export async function withAny<T>(
  session: Session,
  access: "read" | "create",
  use: (store: AsyncStore) => Promise<T>,
): Promise<T> {
  if (isEtcd(session.directory)) {
    const { openEtcd } = await import("../servers/etcd/mod.ts");
    await using store = await misuseAsUsage((async () => openEtcd(etcdOptions(session.directory)))());
    return await use(store);
  }
  if (!isPostgres(session.directory)) return await session.withStore(access, use);
  // The address may have several hosts, which `URL` does not take.
  const [address = "", query = ""] = session.directory.split("?", 2);
  const parameters = new URLSearchParams(query);
  const table = parameters.get("table") ?? undefined;
  parameters.delete("table");
  const url = parameters.size === 0 ? address : `${address}?${parameters}`;
  const { openPostgres } = await import("../servers/postgres/mod.ts").catch((cause: unknown) => {
    throw new FailedError("Cannot load the package postgres: install it with npm install postgres", { cause });
  });
  const options = { url, createIfMissing: access === "create", signal: session.signal };
  await using store = await misuseAsUsage(openPostgres(table === undefined ? options : { ...options, table }));
  return await use(store);
}

/** Whether a place is in PostgreSQL. */
export function isPostgres(place: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(place);
}

/** A place without its password. */
export function shownAny(place: string): string {
  return isPostgres(place) || isEtcd(place)
    ? place.replace(/(:\/\/[^/@]*?):[^/@]*@/, "$1@")
    : place.replace(/[?#].*/s, "");
}
