/**
 * The sources of the bytes of a backup.
 *
 * @module
 */

import { plainView } from "../bytes.ts";
import { describe } from "../encoding.ts";
import { onAbort } from "../promises.ts";
import { isUint8Array } from "../realm.ts";

/** Bytes that are read chunk by chunk. */
export interface ByteSource {
  /** The next bytes, valid until the next call; `undefined` at the end. */
  read(): Promise<Uint8Array | undefined>;
}

/** Reads a Web stream until it ends or a signal aborts the read. */
export class StreamSource implements ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  readonly #release: () => void;

  /** Throws `TypeError` if `stream` is not a stream, or has another reader. */
  constructor(stream: ReadableStream<Uint8Array>, signal?: AbortSignal) {
    if (typeof (stream as { getReader?: unknown } | null | undefined)?.getReader !== "function") {
      throw new TypeError(`Cannot read a backup: expected a ReadableStream, got ${describe(stream)}`);
    }
    this.#signal = signal;
    this.#reader = stream.getReader();
    this.#release = onAbort(signal, () => void this.cancel(signal?.reason));
  }

  async read(): Promise<Uint8Array | undefined> {
    this.#signal?.throwIfAborted();
    const { done, value } = await this.#reader.read();
    this.#signal?.throwIfAborted();
    if (done) return undefined;
    if (isUint8Array(value)) return plainView(value);
    throw new TypeError(`Cannot read a backup: expected chunks that are Uint8Arrays, got ${describe(value)}`);
  }

  /** Cancels the stream. Ignores errors of the stream. */
  async cancel(reason: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => {});
  }

  /** Releases the stream. */
  release(): void {
    this.#release();
    this.#reader.releaseLock();
  }
}

/** Reads a source in pieces of the requested length. */
export class Bytes {
  readonly #source: ByteSource;
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** How many bytes were read so far. */
  get position(): number {
    return this.#position;
  }

  /** The next `length` bytes, fewer only at the end. */
  async take(length: number): Promise<Uint8Array> {
    while (this.#chunk.length === 0 && length > 0) {
      const chunk = await this.#source.read();
      if (!chunk) return this.#chunk;
      this.#chunk = chunk;
    }
    if (this.#chunk.length < length) return await this.#gather(length);
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    this.#position += length;
    return taken;
  }

  async #gather(length: number): Promise<Uint8Array> {
    const gathered = new Uint8Array(length);
    let filled = 0;
    for (let chunk: Uint8Array | undefined = this.#chunk; chunk; chunk = await this.#source.read()) {
      const part = chunk.subarray(0, length - filled);
      gathered.set(part, filled);
      filled += part.length;
      this.#chunk = chunk.subarray(part.length);
      if (filled === length) break;
    }
    this.#position += filled;
    return gathered.subarray(0, filled);
  }
}
