import type { CliCommand } from "../command.ts";
import { command } from "../command.ts";
import { encode, encodeForJson, shown } from "../encodings.ts";
import { NotFoundError } from "../exit_codes.ts";
import {
  type AtOptions,
  type KeyOptions,
  keyOf,
  readAt,
  type ValueOptions,
  withAt,
  withKeys,
  withValues,
} from "../options.ts";

/** `luge get`. */
export const get: CliCommand = command<[key: string], KeyOptions & ValueOptions & AtOptions>({
  name: "get",
  summary: "print the value of a key",
  details:
    "Writes the bytes of the value and nothing else. On a terminal, and for hex and base64, a line end follows.\n" +
    "Exits with 1 when the key is not there.",
  examples: `
$ luge get shop user/ada
Lovelace
$ luge get shop user/ada --json
{"key":"user/ada","value":"Lovelace","version":…}
$ luge get shop user/ada --values hex
4c6f76656c616365`,
  define: (command) => {
    withAt(withValues(withKeys(command.argument("<key>", "the key"))));
  },
  run: async (session, [text], options) => {
    const key = keyOf(text, options);
    const entry = await session.withStore("read", (store) => readAt(store, options, (reader) => reader.getEntry(key)));
    if (!entry) throw new NotFoundError(`The key ${shown(text)} is not there`);
    const { value, version, expiresAt } = entry;
    if (session.json) {
      const expiry = expiresAt === undefined ? {} : { expiresAt };
      const json = { key: encodeForJson(key, options.keys), value: encodeForJson(value, options.values) };
      await session.output.line(JSON.stringify({ ...json, version, ...expiry }));
    } else if (options.values === "text") {
      await session.output.write(value);
      if (session.output.isTerminal || session.isInteractive) await session.output.write("\n");
    } else {
      await session.output.line(encode(value, options.values) ?? "");
    }
  },
});
