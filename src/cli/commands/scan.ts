import { type CliCommand, command } from "../command.ts";
import { encodeForJson, encodeForLine } from "../encodings.ts";
import { toJson } from "../formats/jsonl.ts";
import {
  type AtOptions,
  type OrderOptions,
  type RangeOptions,
  rangeOf,
  readAt,
  type ValueOptions,
  withAt,
  withKeys,
  withOrder,
  withRange,
  withValues,
} from "../options.ts";

interface ScanOptions extends RangeOptions, OrderOptions, ValueOptions, AtOptions {
  readonly keysOnly?: boolean;
}

/** `luge scan`. */
export const scan: CliCommand = command<[prefix: string | undefined], ScanOptions>({
  name: "scan",
  summary: "print the entries of a range, a line each",
  details:
    "A line has the key, a tab and the value. Text has \\t, \\n, \\r, \\\\ and \\xNN for bytes that would break the line or are not UTF-8.",
  examples: `
$ luge scan shop user/
user/ada	Lovelace
user/grace	Hopper
$ luge scan shop --reverse --limit 1 --keys-only
user/grace
$ luge scan shop user/ --gt user/b --json
{"key":"user/grace","value":"Hopper"}`,
  define: (command) => {
    command.argument("[prefix]", "only keys that start with this");
    withAt(withOrder(withRange(withValues(withKeys(command))))).option("--keys-only", "without the values");
  },
  run: async (session, [prefix], options) => {
    const range = { ...rangeOf(prefix, options), keyEncoding: "bytes" } as const;
    const { output, signal, json } = session;
    await session.withStore("read", (store) =>
      readAt(store, options, async (reader) => {
        if (options.keysOnly) {
          for await (const key of reader.keys(range)) {
            signal.throwIfAborted();
            const line = json
              ? JSON.stringify({ key: encodeForJson(key, options.keys) })
              : encodeForLine(key, options.keys);
            await output.line(line);
          }
          return;
        }
        for await (const [key, value] of reader.entries(range)) {
          signal.throwIfAborted();
          const line = json
            ? JSON.stringify(toJson({ key, value }, options))
            : `${encodeForLine(key, options.keys)}\t${encodeForLine(value, options.values)}`;
          await output.line(line);
        }
      }),
    );
  },
});
