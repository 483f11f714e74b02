/**
 * A server of HTTP/1.1 for one page: few connections, and a deadline for everything that a client does.
 *
 * The servers of HTTP of the three runtimes have different deadlines, or none. So each connection has its own here.
 *
 * @module
 */

import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Answer, json, SAFE_HEADERS } from "./answers.ts";
import { type Head, MAX_HEADER_BYTES } from "./guard.ts";
import { Refusal } from "./refusal.ts";

/** A request: its head, its body, and whether somebody still waits for the answer. */
export interface Asked extends Head {
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborts when the client goes away, or the server ends. */
  readonly signal: AbortSignal;
}

/** Answers a request. A {@linkcode Refusal} becomes its status. */
export type Handler = (asked: Asked) => Promise<Answer>;

/** How many connections there may be, and how long a client may take, in milliseconds. */
export interface ServerLimits {
  readonly connections: number;
  /** From the connection, or from the end of an answer, to the end of the next headers. */
  readonly headMs: number;
  /** How long a client may not read while there is something to read. */
  readonly readMs: number;
}

const LIMITS: ServerLimits = { connections: 64, headMs: 30_000, readMs: 30_000 };

/** A server that runs. */
export interface HttpServer {
  readonly port: number;
  /** Ends all connections, and resolves once the port is free. */
  close(): Promise<void>;
}

/** Where a server listens; port 0 for a free one. */
export interface ListenAt {
  readonly host: string;
  readonly port: number;
}

/** Starts a server. Rejects if the address cannot be used. */
export async function listen(
  { host, port }: ListenAt,
  handler: Handler,
  limits: Partial<ServerLimits> = {},
): Promise<HttpServer> {
  const all = { ...LIMITS, ...limits };
  const ending = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    // A client that goes away is no failure of the server.
    socket.on("error", () => socket.destroy());
    if (sockets.size >= all.connections) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveConnection(socket, handler, { ...all, ending: ending.signal });
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      ending.abort();
      await closeAll(server, sockets);
    },
  };
}

interface Serving extends ServerLimits {
  readonly ending: AbortSignal;
}

function serveConnection(socket: Socket, handler: Handler, limits: Serving): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const awaitHead = () => {
    clearTimeout(timer);
    if (!socket.destroyed) timer = setTimeout(() => socket.destroy(), limits.headMs);
  };
  awaitHead();
  socket.on("close", () => clearTimeout(timer));
  const http = createHttp({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    clearTimeout(timer);
    respond({ incoming, outgoing, handler, limits })
      .then(awaitHead)
      .catch(() => socket.destroy());
  });
  http.emit("connection", socket);
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly handler: Handler;
  readonly limits: Serving;
}

async function respond({ incoming, outgoing, handler, limits }: Exchange): Promise<void> {
  const gone = new AbortController();
  const abort = () => gone.abort();
  outgoing.on("close", abort);
  limits.ending.addEventListener("abort", abort);
  try {
    const { method = "", url = "", rawHeaders } = incoming;
    const asked = { method, path: url, rawHeaders, body: incoming, signal: gone.signal };
    const answer = await handler(asked).catch(answerOfError);
    await write(outgoing, answer, { isHead: method === "HEAD", signal: gone.signal, readMs: limits.readMs });
  } finally {
    limits.ending.removeEventListener("abort", abort);
  }
}

/** A defect of a route shows its message, and the page is the only one that reads it. */
function answerOfError(error: unknown): Answer {
  if (error instanceof Refusal) {
    // What is left of the body is not read, so the connection cannot have another request.
    const answer = json({ error: { code: error.code, message: error.message } }, error.status);
    return { ...answer, headers: { connection: "close" } };
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  const message = error instanceof Error ? error.message : String(error);
  return json({ error: { code: typeof code === "string" ? code : "FAILED", message } }, 500);
}

interface Writing {
  readonly isHead: boolean;
  readonly signal: AbortSignal;
  readonly readMs: number;
}

async function write(outgoing: ServerResponse, answer: Answer, { isHead, signal, readMs }: Writing): Promise<void> {
  const { status, type, headers, body } = answer;
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  const length = isWhole ? { "content-length": String(Buffer.byteLength(body)) } : {};
  outgoing.writeHead(status, { ...SAFE_HEADERS, ...headers, ...length, "content-type": type });
  if (isHead || signal.aborted) return void outgoing.end();
  if (isWhole) {
    outgoing.end(body);
    return await settled(outgoing, "finish", readMs);
  }
  await writePieces(outgoing, body[Symbol.asyncIterator](), { signal, readMs });
}

/** Writes pieces as the client reads them. In any case the route that makes them ends. */
async function writePieces(
  outgoing: ServerResponse,
  pieces: AsyncIterator<string>,
  { signal, readMs }: Omit<Writing, "isHead">,
): Promise<void> {
  // A route that waits, such as a watch, must end when the client does.
  const leave = () => void pieces.return?.()?.catch(() => {});
  signal.addEventListener("abort", leave);
  try {
    for (;;) {
      const next = await nextOf(pieces);
      if (next === undefined || signal.aborted) break;
      if (!outgoing.write(next)) await settled(outgoing, "drain", readMs);
    }
    outgoing.end();
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

/** The next piece. The status is on its way already, so a failure of the route is told in the last line. */
async function nextOf(pieces: AsyncIterator<string>): Promise<string | undefined> {
  try {
    const { done, value } = await pieces.next();
    return done ? undefined : value;
  } catch (error) {
    return `${answerOfError(error).body as string}\n`;
  }
}

/** Waits for an event, and rejects if the client does not read for too long. */
async function settled(outgoing: ServerResponse, event: "drain" | "finish", readMs: number): Promise<void> {
  if (outgoing.writableFinished || outgoing.destroyed) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(() => reject(new Error("the client does not read"))), readMs);
    const done = () => finish(resolve);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      outgoing.off(event, done).off("close", done);
      settle();
    };
    outgoing.on(event, done).on("close", done);
  });
}
