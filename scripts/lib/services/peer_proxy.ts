/**
 * The network between the nodes of an etcd cluster: each node is reached through a proxy, which can cut it from others.
 *
 * @module
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The header with which a node says who it is. It has the node's number in hexadecimal digits. */
const SENDER = /^x-server-from: *([0-9a-f]+)\r$/im;
/** No request of a node has a longer head, in bytes. */
const MAX_HEAD_BYTES = 64 * 1024;

/**
 * A proxy in front of one node. It reads from the first request of a connection who sends it, and carries the bytes if
 * the sender may pass. A cut is silent: the connection stays open, and nothing comes, as behind a firewall.
 */
export class PeerProxy {
  readonly #server: Server;
  readonly #port: number;
  readonly #mayPass: (sender: string) => boolean;
  /** The open connections, and who sends on them, if that is known. */
  readonly #pairs: Map<Socket, { readonly upstream: Socket; sender: string | undefined }> = new Map();

  /** `port` is the node's own. */
  constructor(port: number, mayPass: (sender: string) => boolean) {
    this.#port = port;
    this.#mayPass = mayPass;
    this.#server = createServer((socket) => this.#carry(socket));
  }

  /** Listens on a port of 127.0.0.1, and returns it. */
  async listen(port: number): Promise<number> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends the connections whose senders may not pass now. Those that come are silent. */
  cut(): void {
    for (const [socket, { upstream, sender }] of this.#pairs) {
      if (sender === undefined || this.#mayPass(sender)) continue;
      socket.unpipe(upstream).pause();
      upstream.unpipe(socket).pause();
    }
  }

  /** Ends all connections: nodes connect again at once, and pass if they may. */
  reset(): void {
    for (const [socket, { upstream }] of this.#pairs) {
      socket.destroy();
      upstream.destroy();
    }
  }

  async end(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.reset();
    await closed;
  }

  #carry(socket: Socket): void {
    const upstream = connect(this.#port, "127.0.0.1");
    const pair: { upstream: Socket; sender: string | undefined } = { upstream, sender: undefined };
    this.#pairs.set(socket, pair);
    let head = Buffer.alloc(0);
    const read = (bytes: Buffer) => {
      head = Buffer.concat([head, bytes]);
      const isWhole = head.includes("\r\n\r\n");
      if (!isWhole && head.length <= MAX_HEAD_BYTES) return;
      socket.off("data", read).pause();
      pair.sender = SENDER.exec(head.toString("latin1"))?.[1] ?? "";
      if (!this.#mayPass(pair.sender)) return;
      upstream.write(head);
      socket.pipe(upstream);
      upstream.pipe(socket);
    };
    socket.on("data", read);
    // A node that is killed resets its connections. Its peers see the end, as they would without the proxy.
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(socket);
      });
    }
  }
}
