import type { KeyRange } from "../../api/range.ts";
import type { AsyncReader } from "../../api/reader.ts";
import { toBase64 } from "../../base64.ts";
import { lines } from "../answers.ts";
import type { Bytes } from "../byte_keys.ts";
import { bytesFinder } from "../find_bytes.ts";
import { wrongField } from "../refusal.ts";
import type { Call, Route } from "../route.ts";
import { START_BYTES } from "../rows.ts";
import type { WireRow } from "../wire.ts";

/** How often progress is told, in milliseconds. */
const TELL_MS = 100;
/** How many keys are counted, or looked at, at once. */
const STEP = 1000;
/** The most hits of one search. The page continues after them when the user asks for more. */
const MOST_HITS = 500;
/** How long one search runs, in milliseconds, before it asks to be continued. */
const SEARCH_MS = 60_000;

/** Counts a range, and tells how far it is. */
export const count: Route = {
  name: "count",
  changes: false,
  fields: ["range", "at"],
  answer: ({ fields, snapshots, signal }) => {
    const [range, at] = [fields.range("range"), fields.integer("at")];
    return lines(
      streamed(snapshots, at, async function* (reader) {
        using cursor = reader.keys({ ...range, keyEncoding: "bytes" }).cursor();
        let [counted, told] = [0, 0];
        for (;;) {
          signal.throwIfAborted();
          const some = await cursor.nextMany(STEP);
          counted += some.length;
          if (some.length < STEP) break;
          if (performance.now() - told < TELL_MS) continue;
          told = performance.now();
          yield { counted };
        }
        yield { counted, done: true };
      }),
    );
  },
};

/** Finds entries whose key or value has some bytes. Tells hits and progress as it goes. */
export const search: Route = {
  name: "search",
  changes: false,
  fields: ["range", "from", "text", "bytes", "ignoreCase", "inKeys", "inValues", "at"],
  answer: ({ fields, snapshots, signal }) => {
    const [range, from, at] = [fields.range("range"), fields.key("from"), fields.integer("at")];
    const [text, bytes] = [fields.text("text"), fields.key("bytes")];
    if ((text === undefined) === (bytes === undefined)) throw wrongField("text", text, "a text, or bytes");
    const contains = bytesFinder(text ?? bytes ?? "", { ignoreCase: fields.flag("ignoreCase") });
    const [inKeys, inValues] = [fields.flag("inKeys"), fields.flag("inValues")];
    if (!inKeys && !inValues) throw wrongField("inKeys", false, "inKeys, inValues, or both");
    const isHit = (key: Uint8Array, value: Uint8Array) => (inKeys && contains(key)) || (inValues && contains(value));
    return lines(streamed(snapshots, at, (reader) => searched(reader, { range, from, isHit, signal })));
  },
};

interface Search {
  readonly range: KeyRange<Bytes>;
  readonly from: Bytes | undefined;
  readonly isHit: (key: Uint8Array, value: Uint8Array) => boolean;
  readonly signal: AbortSignal;
}

async function* searched(reader: AsyncReader, { range, from, isHit, signal }: Search): AsyncGenerator<object, void> {
  const end = performance.now() + SEARCH_MS;
  let [visited, hits, told] = [0, 0, performance.now()];
  // One entry at a time is in memory: a value may have 64 MiB.
  for await (const { key, value, version, expiresAt } of reader.records({
    ...range,
    ...(from && { gte: from, gt: undefined }),
    keyEncoding: "bytes",
  })) {
    signal.throwIfAborted();
    visited += 1;
    const now = performance.now();
    if (hits >= MOST_HITS || now > end) {
      yield { visited, hits, next: toBase64(key) };
      return;
    }
    if (isHit(key, value)) {
      hits += 1;
      const row: WireRow = {
        key: toBase64(key),
        size: value.length,
        version,
        start: toBase64(value.subarray(0, START_BYTES)),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      yield { row };
    }
    if (now - told < TELL_MS) continue;
    told = now;
    yield { visited, hits, at: toBase64(key) };
  }
  yield { visited, hits, done: true };
}

/** Keeps the snapshot as long as the stream is read. */
async function* streamed(
  snapshots: Call["snapshots"],
  at: number | undefined,
  make: (reader: AsyncReader) => AsyncGenerator<object, void>,
): AsyncGenerator<object, void> {
  const reader = snapshots.open(at);
  try {
    yield* make(reader.snapshot);
  } finally {
    reader.release();
  }
}
