/**
 * The messages of the KV Connect protocol that a server sends.
 *
 * @module
 */

import { PbfWriter } from "pbf";

/** An entry, as the protocol has it. */
export interface SentEntry {
  readonly key: Uint8Array;
  readonly data: Uint8Array;
  readonly encoding: number;
  readonly versionstamp: Uint8Array;
}

/** `SR_SUCCESS` and `AW_SUCCESS`. */
const SUCCESS = 1;
/** `AW_CHECK_FAILURE`. */
const CHECK_FAILURE = 2;

/** A `SnapshotReadOutput` of these ranges. */
export function snapshotReadOutput(ranges: readonly (readonly SentEntry[])[]): Uint8Array {
  const writer = new PbfWriter();
  for (const entries of ranges) {
    writer.writeMessage(
      1,
      (_, range) => {
        for (const entry of entries) range?.writeMessage(1, writeEntry, entry);
      },
      undefined,
    );
  }
  writer.writeBooleanField(4, true);
  writer.writeVarintField(8, SUCCESS);
  return writer.finish();
}

/** An `AtomicWriteOutput`; without a versionstamp a check was not true. */
export function atomicWriteOutput(versionstamp: Uint8Array | undefined): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, versionstamp ? SUCCESS : CHECK_FAILURE);
  if (versionstamp) writer.writeBytesField(2, versionstamp);
  return writer.finish();
}

/**
 * A `WatchOutput`, after its length in four bytes. All keys count as changed: Deno 2.9 takes one that has not changed as
 * one without a value.
 */
export function watchOutput(entries: readonly (SentEntry | undefined)[]): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, SUCCESS);
  for (const entry of entries) writer.writeMessage(2, writeWatched, entry);
  const message = writer.finish();
  const bytes = new Uint8Array(4 + message.length);
  new DataView(bytes.buffer).setUint32(0, message.length, true);
  bytes.set(message, 4);
  return bytes;
}

/** Says that the server is there. */
export const STILL_THERE: Uint8Array = new Uint8Array(4);

function writeWatched(entry: SentEntry | undefined, writer: PbfWriter): void {
  writer.writeBooleanField(1, true);
  if (entry) writer.writeMessage(2, writeEntry, entry);
}

function writeEntry({ key, data, encoding, versionstamp }: SentEntry, writer: PbfWriter): void {
  writer.writeBytesField(1, key);
  writer.writeBytesField(2, data);
  writer.writeVarintField(3, encoding);
  writer.writeBytesField(4, versionstamp);
}
