import type { AsyncStore } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { etcdOptions, isEtcd } from "../etcd_place.ts";
import { FailedError, misuseAsUsage } from "../exit_codes.ts";
import { bytesText, entriesText } from "../progress.ts";
import type { Session } from "../session.ts";

/** `luge copy`. */
export const copy: CliCommand = command<[to: string], object>({
  name: "copy",
  summary: "copy a store to another place: a directory, another machine, PostgreSQL or etcd",
  details:
    "Copies the newest version of each key, with its version and expiry, as the store is at one moment. The target must be empty. " +
    "It has all entries at the end, or none. Either place may be a directory, luge://host:port, postgres://host/database?table=name or etcd://host:port,host:port/prefix.",
  examples: `
$ luge copy shop copied
copied: version …, … entries, …
$ luge get copied user/mary
Shelley`,
  standalone: "place",
  define: (command) => {
    command.argument("<to>", "where the copy is made");
  },
  run: async (session, [to]) => {
    const target = session.at(to);
    const { result, read } = await withAny(session, "read", async (from) =>
      withAny(target, "create", async (store) => {
        let read = 0;
        const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
          transform: (piece, controller) => {
            read += piece.length;
            controller.enqueue(piece);
          },
        });
        const stream = from.backup({ signal: session.signal }).pipeThrough(counter);
        const copying = store.restore(stream, { signal: session.signal });
        return { result: await session.whileShown("copy", "bytes", () => [read], copying), read };
      }),
    );
    const place = shown(to);
    const { version, entries } = result;
    const text = `${place}: version ${version}, ${entriesText(entries)}, ${bytesText(read)}`;
    await session.result({ from: shown(session.directory), to: place, version, entries, bytes: result.bytes }, text);
  },
});

/** Opens what is at the place of a session, and closes it afterwards. */
async function withAny<T>(
  session: Session,
  access: "read" | "create",
  use: (store: AsyncStore) => Promise<T>,
): Promise<T> {
  if (isEtcd(session.directory)) {
    const { openEtcd } = await import("../../servers/etcd/mod.ts");
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
  const { openPostgres } = await import("../../servers/postgres/mod.ts").catch((cause: unknown) => {
    throw new FailedError("Cannot load the package postgres: install it with npm install postgres", { cause });
  });
  const options = { url, createIfMissing: access === "create", signal: session.signal };
  await using store = await misuseAsUsage(openPostgres(table === undefined ? options : { ...options, table }));
  return await use(store);
}

function isPostgres(place: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(place);
}

/** A place without its password. */
function shown(place: string): string {
  return isPostgres(place) || isEtcd(place)
    ? place.replace(/(:\/\/[^/@]*?):[^/@]*@/, "$1@")
    : place.replace(/[?#].*/s, "");
}
