import { type CliCommand, command } from "../command.ts";
import { decode } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";
import { readBytes } from "../files.ts";
import { checkedValue, MAX_VALUE_BYTES } from "../limits.ts";
import {
  duration,
  type KeyOptions,
  keyOf,
  type ValueOptions,
  withKeys,
  withStoreOptions,
  withValues,
} from "../options.ts";
import type { StoreOptions } from "../session.ts";

interface PutCommandOptions extends KeyOptions, ValueOptions, StoreOptions {
  readonly file?: string;
  readonly ttl?: number;
}

/** `luge put`. */
export const put: CliCommand = command<[key: string, value: string | undefined], PutCommandOptions>({
  name: "put",
  summary: "set a key to a value",
  details:
    "The value is an argument, or the bytes of a file. The command ends when the value is durable. It creates the store when it is missing.",
  examples: `
$ luge put shop user/ada Lovelace
$ luge put shop user/grace Hopper
$ luge put shop session/1 '{"user":"ada"}' --ttl 12h
$ printf '\\001\\002' | luge put shop blob/1 --file -`,
  define: (command) => {
    command.argument("<key>", "the key").argument("[value]", "the value");
    withValues(withKeys(command))
      .option("-f, --file <file>", "take the value from a file, or - for standard input")
      .option("--ttl <duration>", "how long the value lives: 500ms, 30s, 15m, 12h or 7d", duration);
    withStoreOptions(command);
  },
  run: async (session, [keyText, valueText], options) => {
    const key = keyOf(keyText, options);
    const value = await valueFrom(valueText, options, session.signal);
    const { ttl } = options;
    await session.withStore(
      "create",
      async (store) => {
        await store.put(key, value, ttl === undefined ? {} : { ttl });
        if (session.json) await session.output.line(JSON.stringify({ version: store.version }));
      },
      options,
    );
  },
});

async function valueFrom(
  text: string | undefined,
  { file, values }: PutCommandOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (text !== undefined && file === undefined) return checkedValue(decode(text, values, "value"));
  if (text === undefined && file !== undefined) return await bytesOf(file, signal);
  const got = text === undefined ? "neither" : "both";
  throw new UsageError(`Wrong arguments: expected a value or --file <file>, got ${got}`);
}

async function bytesOf(file: string, signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readBytes(file, signal) as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    length += piece.length;
    // Holds no more bytes than that in memory.
    if (length > MAX_VALUE_BYTES)
      throw new UsageError(`Wrong file '${file}': expected at most ${MAX_VALUE_BYTES} bytes`);
  }
  return Buffer.concat(pieces);
}
