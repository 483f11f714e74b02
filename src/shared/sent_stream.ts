/**
 * A stream of what a client sends piece by piece.
 *
 * @module
 */

import { Kind, type Message } from "./frame.ts";

/** A stream, and what takes the messages of the client. `ask` is called for each piece. */
export function sentStream(ask: () => void): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly take: (message: Message) => void;
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (started) => {
        controller = started;
      },
      pull: ask,
    },
    { highWaterMark: 0 },
  );
  const take = ({ kind, body }: Message) => {
    if (kind === Kind.ITEMS) controller?.enqueue(body as Uint8Array);
    else if (kind === Kind.END) controller?.close();
  };
  return { stream, take };
}
