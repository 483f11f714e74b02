/**
 * A link for tests of one side: it notes what that side sends, and nobody takes it.
 *
 * @module
 */

import { decodeFrame, type Message } from "../../src/shared/frame.ts";
import type { Link } from "../../src/shared/link.ts";

/** A link that adds each message to `sent`. */
export function notedLink(sent: Message[]): Link {
  return {
    send: (frame) => void sent.push(decodeFrame(frame)),
    queuedBytes: 0,
    drained: async () => {},
    pause: () => {},
    keepAlive: () => {},
    end: () => {},
    destroy: () => {},
  };
}
