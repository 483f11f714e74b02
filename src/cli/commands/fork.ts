import { type CliCommand, command } from "../command.ts";
import { FailedError } from "../exit_codes.ts";
import { bytesText } from "../progress.ts";
import { needsDirectory } from "../remote.ts";
import { isShared } from "../store.ts";

/** `luge fork`. */
export const fork: CliCommand = command<[target: string], object>({
  name: "fork",
  summary: "make a separate store in another directory, in milliseconds",
  details:
    "Both stores share the files that never change, as hard links. The target must be empty or missing, and on the same file system: elsewhere all is copied. The target is whole and durable, or as it was.",
  examples: `
$ luge fork shop trial
trial: version …, … linked, … copied
$ luge delete trial user/mary
1
$ luge get shop user/mary
Shelley`,
  define: (command) => {
    command.argument("<target>", "the new directory");
  },
  run: async (session, [target]) => {
    const { signal } = session;
    if (session.isRemote) throw needsDirectory("fork", session.directory);
    const made = await session.withStore("read", async (store) => {
      if (!isShared(store)) return await store.fork(target, { signal });
      throw new FailedError(`Cannot fork '${session.directory}' while other processes share it: use luge backup`);
    });
    const { version, linkedBytes, copiedBytes, copyReason } = made;
    const text = `${target}: version ${version}, ${bytesText(linkedBytes)} linked, ${bytesText(copiedBytes)} copied`;
    await session.result({ target, ...made }, copyReason === undefined ? text : `${text} (${copyReason})`);
  },
});
