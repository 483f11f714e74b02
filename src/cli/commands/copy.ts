import { shownAny, withAny } from "../any_place.ts";
import { type CliCommand, command } from "../command.ts";
import { bytesText, entriesText } from "../progress.ts";

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
    const place = shownAny(to);
    const { version, entries } = result;
    const text = `${place}: version ${version}, ${entriesText(entries)}, ${bytesText(read)}`;
    await session.result({ from: shownAny(session.directory), to: place, version, entries, bytes: result.bytes }, text);
  },
});
