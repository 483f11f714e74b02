/**
 * Entries of a database of Deno KV, on Deno, as `openKv` of `@luge/luge/kv` stores them.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { concat } from "@std/bytes";
import { entryBytes } from "../../adapters/kv/entry_bytes.ts";
import type { KvKey } from "../../adapters/kv/types.ts";
import { FailedError, UsageError } from "../exit_codes.ts";
import { checkedEntry } from "../formats/entries.ts";
import { atPlace, type Rows, type Seen } from "./rows.ts";
import { isDenoKv } from "./sqlite.ts";

interface DenoKv {
  list(
    selector: { readonly prefix: KvKey },
    options: { readonly batchSize: number },
  ): AsyncIterable<{ readonly key: KvKey; readonly value: unknown }>;
  close(): void;
}

/** Deno's limit is 1,000. A value has at most 64 KiB. */
const BATCH_SIZE = 200;

/** Whether this is an address of a server of KV Connect. */
export function isKvAddress(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** The entries, in the order of their keys. */
export async function* denoKvRows(source: string, prefix: Uint8Array, seen: Seen): Rows {
  const kv = await opened(source);
  try {
    let number = 0;
    for await (const { key, value } of kv.list({ prefix: [] }, { batchSize: BATCH_SIZE })) {
      number += 1;
      seen(number);
      const place = `Entry ${number}`;
      yield {
        place,
        toEntry: () =>
          atPlace(place, () => {
            const entry = bytesOf(key, value);
            return checkedEntry(concat([prefix, entry.key]), entry.value, undefined);
          }),
      };
    }
  } finally {
    kv.close();
  }
}

async function opened(source: string): Promise<DenoKv> {
  const { Deno } = globalThis as { Deno?: { openKv?: (path: string) => Promise<DenoKv> } };
  if (Deno === undefined)
    throw new FailedError("Cannot read Deno KV here: run the command on Deno, with --unstable-kv");
  if (Deno.openKv === undefined) throw new FailedError("Cannot read Deno KV: run Deno with --unstable-kv");
  if (!isKvAddress(source)) {
    // Deno would create the file, or its tables in a database of another program.
    if (!existsSync(source)) throw new UsageError(`Wrong source '${source}': there is no such file`);
    if (!(await isDenoKv(source))) throw new UsageError(`Wrong source '${source}': expected a database of Deno KV`);
  }
  try {
    return await Deno.openKv(source);
  } catch (error) {
    throw new FailedError(`Cannot open '${source}': ${(error as Error).message}`);
  }
}

function bytesOf(key: KvKey, value: unknown): ReturnType<typeof entryBytes> {
  try {
    return entryBytes(key, value);
  } catch (error) {
    if (error instanceof TypeError)
      throw new UsageError(
        `Cannot take the value of ${JSON.stringify(key, (_, part) => (typeof part === "bigint" ? `${part}n` : part))}: ${error.message}`,
      );
    throw error;
  }
}
