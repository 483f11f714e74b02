import type { Compression } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { withCompression, withKeepVersions } from "../options.ts";
import { bytesText } from "../progress.ts";

/** `luge compact`. */
export const compact: CliCommand = command<[], { readonly keepVersions?: number; readonly compression?: Compression }>({
  name: "compact",
  summary: "free the space of overwritten, deleted and expired entries",
  details:
    "Also frees the versions beyond those that the store keeps. --keep-versions changes that number, and the store remembers it.",
  examples: `
$ luge compact shop --keep-versions 10
… before, … after`,
  define: (command) => {
    withCompression(withKeepVersions(command));
  },
  run: async (session, _, { keepVersions, compression }) => {
    const { signal } = session;
    const { bytesBefore, bytesAfter } = await session.withStore(
      "change",
      (store, files) =>
        session.whileShown("compact", "bytes", () => [files.bytesRead(), files.bytes], store.compact({ signal })),
      { keepVersions, compression },
    );
    const text = `${bytesText(bytesBefore)} before, ${bytesText(bytesAfter)} after`;
    await session.result({ bytesBefore, bytesAfter }, text);
  },
});
