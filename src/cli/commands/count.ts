import { type CliCommand, command } from "../command.ts";
import { type AtOptions, type RangeOptions, rangeOf, readAt, withAt, withKeys, withRange } from "../options.ts";

/** `luge count`. */
export const count: CliCommand = command<[prefix: string | undefined], RangeOptions & AtOptions>({
  name: "count",
  summary: "count the entries of a range",
  examples: `
$ luge count shop
4
$ luge count shop user/ --json
{"count":2}`,
  define: (command) => {
    withAt(withRange(withKeys(command.argument("[prefix]", "only keys that start with this"))));
  },
  run: async (session, [prefix], options) => {
    const range = rangeOf(prefix, options);
    const { signal } = session;
    const count = await session.withStore("read", (store) =>
      readAt(store, options, (reader) => reader.count(range, { signal })),
    );
    await session.result({ count }, `${count}`);
  },
});
