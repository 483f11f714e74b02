/**
 * A server of HTTP/1.1 and HTTP/2, without encryption, on one port. Deno's clients of KV Connect speak HTTP/2 at once.
 *
 * @module
 */

import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Readable } from "node:stream";
import type { Address } from "./listening.ts";

/** Answers a request. */
export type Handler = (request: Request) => Promise<Response>;

/** A server that runs. */
export interface Running {
  /** The address for clients. */
  readonly url: string;
  /** Ends all connections, and resolves once the port is free. */
  readonly close: () => Promise<void>;
}

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/** How a connection of HTTP/2 begins. A method of HTTP/1.1 never begins like this. */
const PREFACE = "PRI ";

/** A connection that sends nothing is closed after this time. */
const SILENCE_MS = 30_000;

/** Starts a server. Port 0 means a free one. Rejects if the address cannot be used. */
export async function serve(handler: Handler, { host, port }: Address): Promise<Running> {
  const answer = (incoming: Incoming, outgoing: Outgoing) => {
    respond(handler, incoming, outgoing).catch(() => outgoing.destroy());
  };
  const [http, http2] = [createHttp(answer), createHttp2(answer)];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that goes away is no failure of the server.
    socket.on("error", () => socket.destroy());
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    onBeginning(socket, (begin) => {
      socket.removeAllListeners("timeout").setTimeout(0);
      (begin === PREFACE ? http2 : http).emit("connection", socket);
    });
  });
  server.listen(port, host);
  await once(server, "listening");
  const { port: used } = server.address() as AddressInfo;
  return { url: `http://${host.includes(":") ? `[${host}]` : host}:${used}/`, close: () => closeAll(server, sockets) };
}

/** Calls `use` with the first characters of a connection, which stay unread. */
function onBeginning(socket: Socket, use: (begin: string) => void): void {
  socket.once("readable", () => {
    // Never "data": a socket that flowed once cannot be given to the server of HTTP/2.
    const first = socket.read() as Buffer | null;
    if (first === null) return void socket.destroy();
    socket.unshift(first);
    if (first.length < PREFACE.length) onBeginning(socket, use);
    else use(first.subarray(0, PREFACE.length).toString("latin1"));
  });
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

async function respond(handler: Handler, incoming: Incoming, outgoing: Outgoing): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const response = await handler(requestOf(incoming));
  (outgoing as ServerResponse).writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  gone.signal.addEventListener("abort", () => reader?.cancel().catch(() => {}));
  while (reader && !gone.signal.aborted) {
    const { done, value } = await reader.read();
    if (done) break;
    const isReady = (outgoing as ServerResponse).write(value);
    if (!isReady) await Promise.race([once(outgoing, "drain"), once(outgoing, "close")]);
  }
  outgoing.end();
}

function requestOf(incoming: Incoming): Request {
  const { method = "GET", url = "/", headers } = incoming;
  // The headers of HTTP/2 that begin with a colon are no headers of a request.
  const pairs = Object.entries(headers)
    .filter(([name]) => !name.startsWith(":"))
    .flatMap(([name, value]) => [value ?? []].flat().map((each): [string, string] => [name, each]));
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody
    ? { body: Readable.toWeb(incoming as IncomingMessage) as ReadableStream<Uint8Array>, duplex: "half" as const }
    : {};
  const host = headers[":authority"] ?? headers.host ?? "localhost";
  return new Request(new URL(url, `http://${String(host)}`), { method, headers: pairs, ...body });
}
