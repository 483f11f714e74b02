/**
 * Inputs of the fuzz target `request`.
 *
 * @module
 */

import type { StoredChange, StoredOperation } from "../../../src/backend.ts";
import { writeAll, writtenBytes } from "../../../src/wasm/batch.ts";
import { joined } from "../../lib/backup_anatomy.ts";

/** The inputs by name. */
export function requests(): Record<string, Uint8Array> {
  const change = (key: string, value: string | undefined, version: number, expiresMs = 0): StoredChange => ({
    key: Buffer.from(key),
    value: value === undefined ? undefined : Buffer.from(value),
    version,
    expiresMs,
  });
  const changes = [
    change("a", "value", 1),
    change("b", undefined, 2),
    change("städte/köln", "", 3, 4_102_444_800_000),
    change("c", undefined, Number.MAX_SAFE_INTEGER, 1),
  ];
  const restored = written(changes);
  const operations = written(changes.map(({ key, value, expiresMs }) => ({ key, value, expiresMs })));
  return {
    operations,
    restored,
    "operations-cut": operations.subarray(0, -1),
    "restored-cut": restored.subarray(0, 30),
    "value-too-long": operations.with(4, 0xfe).with(5, 0xff).with(6, 0xff).with(7, 0xff),
    "expiry-no-number": operations.with(14, 0xf8).with(15, 0xff),
    range: joined(Uint8Array.of(0x2b, 1), Buffer.from("abc")),
    "range-excluded": joined(Uint8Array.of(0x50, 1), Buffer.from("abc")),
  };
}

function written(entries: readonly StoredOperation[]): Uint8Array {
  const bytes = new Uint8Array(writtenBytes(entries));
  writeAll(entries, bytes, 0);
  return bytes;
}
