import { type CliCommand, command } from "../command.ts";
import { withKeepVersions } from "../options.ts";
import { bytesText } from "../progress.ts";

/** `luge compact`. */
export const compact: CliCommand = command<[], { readonly keepVersions?: number }>({
  name: "compact",
  summary: "give the space of what is not needed back",
  details:
    "Overwritten, deleted and expired values go, and all but the newest version of each key: a store whose program keeps more wants\n" +
    "the same number here as --keep-versions.",
  examples: `
$ luge compact shop --keep-versions 10
… before, … after`,
  define: (command) => {
    withKeepVersions(command, "1");
  },
  run: async (session, _, { keepVersions = 1 }) => {
    const { signal } = session;
    const { bytesBefore, bytesAfter } = await session.withStore(
      "change",
      (store, files) =>
        session.whileShown("compact", "bytes", () => [files.bytesRead(), files.bytes], store.compact({ signal })),
      { keepVersions },
    );
    const text = `${bytesText(bytesBefore)} before, ${bytesText(bytesAfter)} after`;
    await session.result({ bytesBefore, bytesAfter }, text);
  },
});
