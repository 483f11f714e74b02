/**
 * How a connection begins. The client says HELLO:
 *
 * `[least version, newest version, client, durable, token]`
 *
 * These are the versions of the protocol that it speaks, its name, whether its writes are durable unless they say
 * something else, and the token for a gateway, which takes it out. The owner answers WELCOME:
 *
 * `[version of the protocol, version of the store, epoch, whether records of the client were lost]`
 *
 * It chooses the newest version that both speak. Without one, or with a wrong token, the answer is FAILURE without an
 * id. All versions of the protocol have these messages.
 *
 * @module
 */

import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "../clock.ts";
import { StoreError } from "../errors.ts";
import { fromSent, type SentError, toSent } from "./errors.ts";
import { encodeFrame, Kind, type Message, MOST_FRAME_BYTES } from "./frame.ts";
import type { Link, Receiver } from "./link.ts";
import { ProtocolError } from "./protocol_error.ts";
import { SocketLink } from "./socket_link.ts";
import type { WatchedLink } from "./watched_link.ts";

/** The versions of the protocol that this release speaks. */
const LEAST_PROTOCOL = 1;
const NEWEST_PROTOCOL = 1;
/** How long a client may take to say HELLO, in milliseconds. */
export const HELLO_MS = 5000;
/** How long an owner may take to greet a client, in milliseconds. One that is busy answers later. */
const WELCOME_MS = 10_000;

const CLIENT = /^[0-9a-f]{32}$/;

/** What a client says first. */
export interface Hello {
  /** 32 hexadecimal digits. */
  readonly client: string;
  /** Whether its writes are durable, unless they say something else. */
  readonly durable: boolean;
  readonly token?: string | undefined;
  /** The versions of the protocol that it speaks. Default: those of this release. */
  readonly protocols?: Protocols;
}

type Protocols = readonly [least: number, newest: number];
/** {@linkcode Hello} as it came. */
export type Heard = Hello & { readonly protocols: Protocols };

/** What the owner answers. */
export interface Welcome {
  /** The version of the store. */
  readonly version: number;
  /** See traces.ts. */
  readonly epoch: string;
  /** Whether records of the client were removed although it may send a write again. */
  readonly wereLost: boolean;
}

/** The frame of HELLO. */
export function helloFrame({
  protocols: [least, newest] = [LEAST_PROTOCOL, NEWEST_PROTOCOL],
  client,
  durable,
  token,
}: Hello): Uint8Array {
  return encodeFrame({ kind: Kind.HELLO, id: 0, body: [least, newest, client, durable, token] });
}

/** What the first message says. Throws {@linkcode ProtocolError} if it is not HELLO. */
export function helloOf({ kind, body }: Message): Heard {
  if (kind !== Kind.HELLO || !Array.isArray(body)) throw new ProtocolError("a connection did not begin with HELLO");
  const [least, newest, client, durable, token] = body as unknown[];
  if (typeof least !== "number" || typeof newest !== "number") {
    throw new ProtocolError("a client does not say which versions of the protocol it speaks");
  }
  if (typeof client !== "string" || !CLIENT.test(client)) throw new ProtocolError("a client has no name");
  const given = typeof token === "string" ? token : undefined;
  return { protocols: [least, newest], client, durable: durable === true, token: given };
}

/** The newest version of the protocol that a client speaks, too. Throws `PROTOCOL_UNSUPPORTED` if there is none. */
export function protocolFor({ protocols: [least, newest] }: Heard): number {
  const chosen = Math.min(newest, NEWEST_PROTOCOL);
  if (chosen >= Math.max(least, LEAST_PROTOCOL)) return chosen;
  const own = versionsText(LEAST_PROTOCOL, NEWEST_PROTOCOL);
  throw new StoreError(
    "PROTOCOL_UNSUPPORTED",
    `the client speaks ${versionsText(least, newest)} of the protocol, the owner of the store ${own}: use the same release of luge`,
  );
}

function versionsText(least: number, newest: number): string {
  return least === newest ? `version ${least}` : `versions ${least} to ${newest}`;
}

/** The frame of WELCOME. */
export function welcomeFrame(protocol: number, { version, epoch, wereLost }: Welcome): Uint8Array {
  return encodeFrame({ kind: Kind.WELCOME, id: 0, body: [protocol, version, epoch, wereLost] });
}

/** The frame that refuses a client. */
export function refusalFrame(error: StoreError): Uint8Array {
  return encodeFrame({ kind: Kind.FAILURE, id: 0, body: [0, toSent(error)] });
}

/** A link to an owner that has greeted this client. */
export interface Greeted extends Welcome {
  readonly link: Link;
}

/**
 * Says HELLO over a socket that is connected. `undefined` if the other side ends the connection without an answer, or
 * answers too late. Rejects with `PROTOCOL_UNSUPPORTED`, and with what a gateway refuses. `watched` is the link then.
 */
export function greet(
  socket: Socket,
  hello: Hello,
  receiver: Receiver,
  watched?: WatchedLink,
): Promise<Greeted | undefined> {
  return new Promise((resolve, reject) => {
    let isIn = false;
    const timer = setTimeout(() => link.destroy(), WELCOME_MS);
    timer.unref();
    const received = (message: Message) => {
      if (isIn) {
        receiver.received(message);
        return;
      }
      clearTimeout(timer);
      if (message.kind === Kind.FAILURE) {
        reject(fromSent((message.body as [number, SentError])[1]));
        link.destroy();
        return;
      }
      if (message.kind !== Kind.WELCOME) throw new ProtocolError("the owner did not begin with WELCOME");
      const [protocol, version, epoch, wereLost] = message.body as [number, number, string, boolean];
      if (!(protocol >= LEAST_PROTOCOL && protocol <= NEWEST_PROTOCOL)) {
        throw new ProtocolError(
          `the owner chose version ${protocol} of the protocol, which this process did not offer`,
        );
      }
      isIn = true;
      resolve({ link, version, epoch, wereLost });
    };
    const ended = (error: Error | undefined) => {
      clearTimeout(timer);
      if (isIn) receiver.ended(error);
      else if (error instanceof ProtocolError) reject(error);
      else resolve(undefined);
    };
    const own = { received, ended };
    const link: Link = watched ?? new SocketLink(socket, own, MOST_FRAME_BYTES);
    if (watched) {
      watched.link = new SocketLink(socket, watched.receiver(own), MOST_FRAME_BYTES);
      watched.keepAlive(true);
    }
    link.send(helloFrame(hello));
  });
}
