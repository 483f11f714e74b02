/**
 * Reads what comes over a connection, up to a bound.
 *
 * @module
 */

import { putAll } from "../../bytes.ts";
import { brokenCall, EtcdFailure } from "./failure.ts";
import type { EtcdFetch } from "./options.ts";

const decoder = new TextDecoder();
const LINE_END = 10;

/** The text of an answer. Throws an {@linkcode EtcdFailure} `tooLarge` as soon as it has more bytes than that. */
export async function boundedText(response: Awaited<ReturnType<EtcdFetch>>, maxBytes: number): Promise<string> {
  if (!response.body) return await response.text();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new EtcdFailure("tooLarge", `The answer has more than ${maxBytes} bytes`);
    }
    chunks.push(next.value);
  }
  const [first] = chunks;
  if (chunks.length === 1 && first) return decoder.decode(first);
  return decoder.decode(putAll(chunks, new Uint8Array(bytes)));
}

/**
 * The lines of a stream, each without its end. Throws an {@linkcode EtcdFailure}: `tooLarge` for a line of more bytes
 * than that, and `maybe` if the connection breaks. Ends when the signal aborts.
 */
export async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  const reader = stream.getReader();
  // Deno does not end a read that waits when the signal of its `fetch` aborts.
  const end = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", end);
  try {
    for (let next = await part(reader); !next.done; next = await part(reader)) {
      let rest = next.value;
      for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END)) {
        waiting.push(rest.subarray(0, end));
        yield decoder.decode(putAll(waiting, new Uint8Array(bytes + end)));
        rest = rest.subarray(end + 1);
        waiting = [];
        bytes = 0;
      }
      waiting.push(rest);
      bytes += rest.length;
      if (bytes > maxBytes) throw new EtcdFailure("tooLarge", `A line of the stream has more than ${maxBytes} bytes`);
    }
  } finally {
    signal.removeEventListener("abort", end);
    // The stream may have ended with an error of its own, which the caller has.
    await reader.cancel().catch(() => {});
  }
}

async function part(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (cause) {
    throw brokenCall(cause);
  }
}
