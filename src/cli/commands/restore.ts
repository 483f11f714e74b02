import type { BackupHeader, RestoreResult } from "../../../mod.ts";
import { headerOf, withFileShown } from "../backups.ts";
import { type CliCommand, command } from "../command.ts";
import { UsageError } from "../exit_codes.ts";
import { STANDARD } from "../files.ts";
import { integer, withCompression } from "../options.ts";
import { amountText, entriesText } from "../progress.ts";
import type { Session, StoreOptions } from "../session.ts";
import type { CliStore } from "../store.ts";

interface RestoreCommandOptions extends Pick<StoreOptions, "compression"> {
  readonly to?: number;
}

/** `luge restore`. */
export const restore: CliCommand = command<[files: string[]], RestoreCommandOptions>({
  name: "restore",
  summary: "restore backups to an empty store: a full one and its increments",
  details:
    "Sorts the files, which must continue each other, and recognises compressed ones. Reads and checks each file to its end before any of it is visible. " +
    "An increment alone needs a store that is at exactly the version it continues.",
  examples: `
$ luge restore restored full.backup increment.backup.gz
full.backup: version …, … entries, 0 deletions
increment.backup.gz: version …, 1 entry, 0 deletions
$ luge get restored user/mary
Shelley
$ gunzip < piped.backup.gz | luge restore piped -
-: version …, … entries, 0 deletions`,
  standalone: "place",
  define: (command) => {
    command
      .argument("<files...>", "the backups, or - for one from standard input")
      .option("--to <version>", "stop at that version: a backup of the chain must end at it", integer(0));
    withCompression(command);
  },
  run: async (session, [files], { to, compression }) => {
    if (files.includes(STANDARD) && files.length > 1) {
      throw new UsageError("Wrong files: expected - alone, or files");
    }
    if (files.includes(STANDARD) && to !== undefined) {
      throw new UsageError("Wrong options: expected files with --to, got standard input");
    }
    const chain = files.includes(STANDARD) ? [{ file: STANDARD }] : await chainOf(files, to, session);
    const restoreAll = async (store: CliStore) => {
      for (const { file } of chain) await restoreOne(session, store, file);
    };
    await session.withStore("create", restoreAll, { compression });
  },
});

interface Link {
  readonly file: string;
  readonly header: BackupHeader;
}

/** The files in the order of the chain, up to the version that the user wants. */
async function chainOf(files: readonly string[], to: number | undefined, session: Session): Promise<readonly Link[]> {
  const links: Link[] = [];
  for (const file of files) links.push({ file, header: await headerOf(file, session) });
  links.sort((a, b) => a.header.to - b.header.to || a.header.from - b.header.from);
  for (const [i, { file, header }] of links.entries()) {
    const before = links[i - 1];
    if (before && header.from !== before.header.to) {
      const got = header.isIncrement ? `it continues version ${header.from}` : "it is a full backup";
      const expected = `expected an increment that continues '${before.file}', version ${before.header.to}`;
      throw new UsageError(`Wrong chain at '${file}': ${expected}, and ${got}`);
    }
  }
  if (to === undefined) return links;
  const last = links.findIndex(({ header }) => header.to === to);
  if (last >= 0) return links.slice(0, last + 1);
  throw new UsageError(`Wrong version ${to}: expected one of ${links.map(({ header }) => header.to).join(", ")}`);
}

async function restoreOne(session: Session, store: CliStore, file: string): Promise<void> {
  const { signal } = session;
  const result: RestoreResult = await withFileShown("restore", file, session, (stream) =>
    store.restore(stream, { signal }),
  );
  const { version, entries, deletions } = result;
  const text = `${file}: version ${version}, ${entriesText(entries)}, ${amountText(deletions, "deletion", "deletions")}`;
  await session.result({ file, ...result }, text);
}
