/**
 * Standard output: writes bytes in order, and waits for a slow reader.
 *
 * @module
 */

import type { Writable } from "node:stream";

/** Small writes are collected up to this many bytes. */
const GATHERED_BYTES = 64 * 1024;

/** The reader closed the pipe. The command ends, but has not failed. */
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
    // The callback of the write gets the same error. Without a listener it would end the process.
    stream.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** Writes bytes, or the UTF-8 bytes of a string, now or together with the next write. */
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

  /** Writes the collected bytes. Returns when the stream has accepted them. */
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
