import { type CliCommand, command } from "../command.ts";
import { withStoreOptions } from "../options.ts";
import { bytesText } from "../progress.ts";
import type { StoreOptions } from "../session.ts";

/** `luge compact`. */
export const compact: CliCommand = command<[], StoreOptions>({
  name: "compact",
  summary: "free the space of overwritten, deleted and expired entries",
  details:
    "Also frees the versions beyond those that the store keeps. --keep-versions changes that number, and the store remembers it.",
  examples: `
$ luge compact shop --keep-versions 10
… before, … after`,
  define: (command) => {
    withStoreOptions(command);
  },
  run: async (session, _, options) => {
    const { signal } = session;
    const { bytesBefore, bytesAfter } = await session.withStore(
      "change",
      (store, files) =>
        session.whileShown("compact", "bytes", () => [files.bytesRead(), files.bytes], store.compact({ signal })),
      options,
    );
    const text = `${bytesText(bytesBefore)} before, ${bytesText(bytesAfter)} after`;
    await session.result({ bytesBefore, bytesAfter }, text);
  },
});
