/**
 * Streams of bytes whose pieces come from elsewhere.
 *
 * @module
 */

import { onAbort } from "../promises.ts";

/** Where the bytes come from. */
export interface ByteSupply {
  /** The next piece; `undefined` at the end. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Called once no piece is wanted any more: after the last one, an error, a cancellation, or an abort. */
  end(): void;
}

/** A stream that reads nothing before its consumer asks for it. When the signal aborts, it has that reason as its error. */
export function byteStream(
  { next, end }: ByteSupply,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let abort = (): void => {};
  const ignore = onAbort(signal, () => abort());
  const over = () => {
    ignore();
    end();
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start: (controller) => {
        abort = () => {
          over();
          controller.error(signal?.reason);
        };
      },
      pull: async (controller) => {
        try {
          const piece = await next();
          // The stream has an error already.
          if (signal?.aborted) return;
          if (piece) {
            controller.enqueue(piece);
            return;
          }
          over();
          controller.close();
        } catch (error) {
          over();
          if (!signal?.aborted) throw error;
        }
      },
      cancel: over,
    },
    { highWaterMark: 0 },
  );
}
