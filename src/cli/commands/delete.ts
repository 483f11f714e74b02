import { type CliCommand, command } from "../command.ts";
import { UsageError } from "../exit_codes.ts";
import {
  type KeyOptions,
  keyOf,
  type RangeOptions,
  rangeOf,
  withKeys,
  withRange,
  withStoreOptions,
} from "../options.ts";
import type { StoreOptions } from "../session.ts";

interface DeleteOptions extends KeyOptions, RangeOptions, StoreOptions {
  readonly prefix?: string;
  readonly all?: boolean;
}

/** `luge delete`. */
export const del: CliCommand = command<[key: string | undefined], DeleteOptions>({
  name: "delete",
  summary: "remove a key, or the keys of a range",
  details: "Prints the number of removed keys. A missing key is no error. A range is removed in commits of 1,000 keys.",
  examples: `
$ luge delete shop session/1
1
$ luge delete shop --prefix session/
0`,
  define: (command) => {
    command.argument("[key]", "the key");
    withRange(withKeys(command).option("-p, --prefix <prefix>", "the keys that start with this")).option(
      "--all",
      "all keys",
    );
    withStoreOptions(command);
  },
  run: async (session, [keyText], options) => {
    const key = keyText === undefined ? undefined : keyOf(keyText, options);
    const range = rangeOf(options.prefix, options);
    const ways = [key !== undefined, Object.keys(range).length > 0, options.all === true].filter(Boolean).length;
    if (ways !== 1) throw new UsageError("Wrong arguments: expected one of a key, a range such as --prefix, and --all");
    await session.withStore(
      "change",
      async (store) => {
        const one = key === undefined ? range : { gte: key, lte: key };
        const deleted = await store.deleteRange(one, { signal: session.signal });
        await session.result({ deleted, version: store.version }, `${deleted}`);
      },
      options,
    );
  },
});
