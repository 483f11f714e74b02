/**
 * What goes to standard output: bytes in order, waiting for a reader that is slower.
 *
 * @module
 */

import type { Writable } from "node:stream";

/** Small writes are gathered up to so many bytes. */
const GATHERED_BYTES = 64 * 1024;

/** Whoever read the output had enough: the end, but no failure. */
export class ClosedPipe extends Error {
  override readonly name = "ClosedPipe";
}

/** A standard stream. */
export class Output {
  readonly #stream: Writable & { readonly isTTY?: boolean };
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #failure: Error | undefined;

  constructor(stream: Writable & { readonly isTTY?: boolean }) {
    this.#stream = stream;
    // The error comes to the callback of the write too; without a listener it would end the process.
    stream.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Writes bytes, or the UTF-8 bytes of a string, now or with what comes next. */
  async write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= GATHERED_BYTES || this.isTerminal) await this.flush();
  }

  /** Writes a line. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Writes what was gathered; returns when the stream has taken it. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    [this.#waiting, this.#waitingBytes] = [[], 0];
    if (bytes.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        if (error) reject(pipeError(error));
        else if (this.#failure) reject(pipeError(this.#failure));
        else resolve();
      });
    });
  }
}

function pipeError(error: Error): Error {
  return (error as { code?: unknown }).code === "EPIPE" ? new ClosedPipe() : error;
}
