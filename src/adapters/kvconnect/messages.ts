/**
 * The messages of the KV Connect protocol that a client sends: `com.deno.kv.datapath` in its repository.
 *
 * @module
 */

import { PbfReader } from "pbf";

/** A range to read: from `start` on, up to but without `end`. */
export interface ReadRange {
  start: Uint8Array;
  end: Uint8Array;
  limit: number;
  reverse: boolean;
}

/** A value and its encoding. */
export interface EncodedValue {
  data: Uint8Array;
  encoding: number;
}

/** A write of one key. */
export interface SentMutation {
  key: Uint8Array;
  value: EncodedValue;
  type: number;
  /** In milliseconds since 1970; 0 for never. */
  expireAtMs: number;
  /** Whether the sum has bounds. */
  isBounded: boolean;
}

/** What must be true of a key. */
export interface SentCheck {
  key: Uint8Array;
  versionstamp: Uint8Array;
}

/** A message for the queue. */
export interface SentMessage {
  payload: Uint8Array;
  deadlineMs: number;
  keysIfUndelivered: Uint8Array[];
  backoff: number[];
}

/** An atomic write. */
export interface SentWrite {
  checks: SentCheck[];
  mutations: SentMutation[];
  messages: SentMessage[];
}

/** The bytes are no message of the protocol. */
export class MalformedError extends TypeError {}

const NONE = new Uint8Array(0);
/** The type of fields with bytes, messages and packed numbers. */
const BYTES = 2;

/** The fields of a message by number. A field that is not among them is skipped. */
type Fields = Readonly<Record<number, (reader: PbfReader) => void>>;

/** The ranges of a `SnapshotRead`. */
export function readSnapshotRead(bytes: Uint8Array): ReadRange[] {
  const ranges: ReadRange[] = [];
  read("SnapshotRead", bytes, { 1: (reader) => ranges.push(readRange(bytesOf(reader))) });
  return ranges;
}

function readRange(bytes: Uint8Array): ReadRange {
  const range: ReadRange = { start: NONE, end: NONE, limit: 0, reverse: false };
  read("ReadRange", bytes, {
    1: (reader) => {
      range.start = bytesOf(reader);
    },
    2: (reader) => {
      range.end = bytesOf(reader);
    },
    3: (reader) => {
      range.limit = numberOf(reader);
    },
    4: (reader) => {
      range.reverse = numberOf(reader) !== 0;
    },
  });
  return range;
}

/** The keys of a `Watch`. */
export function readWatch(bytes: Uint8Array): Uint8Array[] {
  const keys: Uint8Array[] = [];
  read("Watch", bytes, {
    1: (reader) => {
      let key: Uint8Array = NONE;
      read("WatchKey", bytesOf(reader), {
        1: (inner) => {
          key = bytesOf(inner);
        },
      });
      keys.push(key);
    },
  });
  return keys;
}

/** An `AtomicWrite`. */
export function readAtomicWrite(bytes: Uint8Array): SentWrite {
  const write: SentWrite = { checks: [], mutations: [], messages: [] };
  read("AtomicWrite", bytes, {
    1: (reader) => write.checks.push(readCheck(bytesOf(reader))),
    2: (reader) => write.mutations.push(readMutation(bytesOf(reader))),
    3: (reader) => write.messages.push(readEnqueue(bytesOf(reader))),
  });
  return write;
}

function readCheck(bytes: Uint8Array): SentCheck {
  const check: SentCheck = { key: NONE, versionstamp: NONE };
  read("Check", bytes, {
    1: (reader) => {
      check.key = bytesOf(reader);
    },
    2: (reader) => {
      check.versionstamp = bytesOf(reader);
    },
  });
  return check;
}

function readMutation(bytes: Uint8Array): SentMutation {
  const none = { data: NONE, encoding: 0 };
  const mutation: SentMutation = { key: NONE, value: none, type: 0, expireAtMs: 0, isBounded: false };
  const bounded = (reader: PbfReader) => {
    mutation.isBounded ||= bytesOf(reader).length > 0;
  };
  read("Mutation", bytes, {
    1: (reader) => {
      mutation.key = bytesOf(reader);
    },
    2: (reader) => {
      mutation.value = readValue(bytesOf(reader));
    },
    3: (reader) => {
      mutation.type = numberOf(reader);
    },
    4: (reader) => {
      mutation.expireAtMs = numberOf(reader);
    },
    5: bounded,
    6: bounded,
    7: (reader) => {
      mutation.isBounded ||= numberOf(reader) !== 0;
    },
  });
  return mutation;
}

function readValue(bytes: Uint8Array): EncodedValue {
  const value: EncodedValue = { data: NONE, encoding: 0 };
  read("KvValue", bytes, {
    1: (reader) => {
      value.data = bytesOf(reader);
    },
    2: (reader) => {
      value.encoding = numberOf(reader);
    },
  });
  return value;
}

function readEnqueue(bytes: Uint8Array): SentMessage {
  const message: SentMessage = { payload: NONE, deadlineMs: 0, keysIfUndelivered: [], backoff: [] };
  read("Enqueue", bytes, {
    1: (reader) => {
      message.payload = bytesOf(reader);
    },
    2: (reader) => {
      message.deadlineMs = numberOf(reader);
    },
    3: (reader) => message.keysIfUndelivered.push(bytesOf(reader)),
    4: (reader) => reader.readPackedVarint(message.backoff),
  });
  return message;
}

/** Reads the fields of a message. The reader of the library does not notice the end of the bytes. */
function read(name: string, bytes: Uint8Array, fields: Fields): void {
  const reader = new PbfReader(bytes);
  try {
    reader.readFields((tag) => {
      fields[tag]?.(reader);
      if (reader.pos > bytes.length) throw new RangeError("a field is longer than the message");
    }, undefined);
    // The library takes the number 0 for the end.
    if (reader._valueStart === reader.pos) throw new RangeError("a field has the number 0");
    if (reader.pos !== bytes.length) throw new RangeError("the message ends within a field");
  } catch (error) {
    if (error instanceof MalformedError) throw error;
    throw new MalformedError(`Malformed ${name}: ${(error as Error).message}`, { cause: error });
  }
}

function bytesOf(reader: PbfReader): Uint8Array {
  if (reader.type !== BYTES) throw new RangeError(`a field has the wire type ${reader.type}, expected ${BYTES}`);
  const bytes = reader.readBytes();
  if (reader.pos > reader.length) throw new RangeError("a field is longer than the message");
  return bytes;
}

function numberOf(reader: PbfReader): number {
  if (reader.type !== 0) throw new RangeError(`a field has the wire type ${reader.type}, expected 0`);
  return reader.readVarint(true);
}
