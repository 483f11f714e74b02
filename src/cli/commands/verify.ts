import { statSync } from "node:fs";
import type { BackupInfo, Damage } from "../../../mod.ts";
import { checkBackup } from "../backups.ts";
import { type CliCommand, command } from "../command.ts";
import { encodeForLine } from "../encodings.ts";
import { ExitCode } from "../exit_codes.ts";
import { STANDARD } from "../files.ts";
import { amountText, entriesText } from "../progress.ts";
import type { Session } from "../session.ts";

/** `luge verify`. */
export const verify: CliCommand = command<[], object>({
  name: "verify",
  summary: "read all of a store or of a backup and check it",
  details: "Changes nothing. Prints each damage, and exits with 5 if there is one.",
  examples: `
$ luge verify shop
shop: … entries, no damage
$ luge verify increment.backup.gz
increment.backup.gz: an increment, version … to …, 1 entry, 0 deletions, no damage`,
  place: "store-or-backup",
  define: () => {},
  run: async (session) => {
    const isStore = session.isInteractive || session.isRemote || isDirectory(session.directory);
    if (isStore) return await verifyStore(session);
    const info = await checkBackup(session.directory, session);
    await session.result({ ...info, damages: [] }, textOf(session.directory, info));
    return ExitCode.done;
  },
});

/** Whether the path is a directory. Anything else is read as a backup, whose error says what is wrong. */
function isDirectory(path: string): boolean {
  return path !== STANDARD && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

async function verifyStore(session: Session): Promise<ExitCode> {
  const { signal, directory } = session;
  const { entries, damages } = await session.withStore("read", (store, files) =>
    session.whileShown("verify", "bytes", () => [files.bytesRead(), files.bytes], store.verify({ signal })),
  );
  const found = damages.length === 0 ? "no damage" : amountText(damages.length, "damage", "damages");
  const lines = [`${directory}: ${entriesText(entries)}, ${found}`, ...damages.map(damageText)];
  await session.result({ entries, damages: damages.map(damageJson) }, lines.join("\n"));
  return damages.length === 0 ? ExitCode.done : ExitCode.damaged;
}

function damageText({ file, offset, from, to, message }: Damage): string {
  const end = to ? ` up to, but not including, ${encodeForLine(to, "text")}` : " on";
  return `  ${file} at byte ${offset}: ${message}; keys from ${encodeForLine(from, "text")}${end}`;
}

function damageJson({ from, to, ...damage }: Damage): object {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return { ...damage, from: hex(from), ...(to ? { to: hex(to) } : {}) };
}

function textOf(file: string, { isIncrement, from, to, entries, deletions }: BackupInfo): string {
  const kind = isIncrement ? "an increment" : "a full backup";
  const content = `${entriesText(entries)}, ${amountText(deletions, "deletion", "deletions")}`;
  return `${file}: ${kind}, version ${from} to ${to}, ${content}, no damage`;
}
