/**
 * A studio for tests, and clients of it: one that behaves, and one that sends whatever bytes it wants.
 *
 * @module
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type AsyncStore, MemoryStore } from "../../mod.ts";
import { toBase64 } from "../../src/base64.ts";
import type { Page } from "../../src/studio/page_answer.ts";
import type { StudioPlace } from "../../src/studio/place.ts";
import { type Studio, type StudioOptions, startStudio } from "../../src/studio/studio.ts";

/** A page with nothing on it. */
export const EMPTY_PAGE: Page = { script: 'document.title = "ready";', style: "body{margin:0}" };

/** The place of a store in memory, or of another one. */
export function placeOf(store: AsyncStore, more: Partial<StudioPlace> = {}): StudioPlace {
  return { name: "test", kind: "directory", store, canWrite: true, isLive: true, ...more };
}

/** What a test changes of a studio. */
export interface Started extends Partial<Omit<StudioOptions, "place">> {
  readonly store?: AsyncStore;
  readonly place?: Partial<StudioPlace>;
}

/** Starts a studio, calls `use`, and closes it. */
export async function withStudio(
  { store = new MemoryStore(), place, ...options }: Started,
  use: (studio: Studio, store: AsyncStore) => Promise<void>,
): Promise<void> {
  const all = { page: EMPTY_PAGE, host: "127.0.0.1", port: 0, ...options };
  const studio = await startStudio({ ...all, place: placeOf(store, place) });
  try {
    await use(studio, store);
  } finally {
    await studio.close();
  }
}

/** A text as the studio's requests have it. */
export function key(text: string): string {
  return toBase64(new TextEncoder().encode(text));
}

/** An answer of a route. */
export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the test knows what a route answers
  readonly body: any;
  readonly headers: Headers;
}

/** Calls a route as the page does. */
export async function call(
  { origin, token }: Pick<Studio, "origin" | "token">,
  route: string,
  fields: object = {},
): Promise<Answered> {
  const response = await fetch(`${origin}/api/${route}`, {
    method: "POST",
    headers: { "content-type": "application/json", "luge-token": token },
    body: JSON.stringify(fields),
  });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  const body = type.includes("ndjson")
    ? text
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown)
    : type.includes("json")
      ? (JSON.parse(text) as unknown)
      : text;
  return { status: response.status, body, headers: response.headers };
}

/** Connects to the port of a studio. */
export async function connected({ origin }: Studio): Promise<Socket> {
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

/** Sends bytes, and returns all that comes back until the server closes the connection. */
export async function raw(studio: Studio, text: string | Uint8Array): Promise<string> {
  const socket = await connected(studio);
  return await exchange(socket, text);
}

/** As {@linkcode raw}, on a connection. */
export async function exchange(socket: Socket, text: string | Uint8Array): Promise<string> {
  let answer = "";
  socket.on("data", (bytes: Buffer) => {
    answer += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  const closed = once(socket, "close");
  socket.write(text);
  await closed;
  return answer;
}

/** The text of a request, which ends the connection. A header that is `undefined` is left out. */
export function request(
  line: string,
  headers: Readonly<Record<string, string | undefined>>,
  body: string | undefined = undefined,
): string {
  const all = { connection: "close", ...(body !== undefined && { "content-length": `${body.length}` }), ...headers };
  const text = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\r\n`]));
  return `${line} HTTP/1.1\r\n${text.join("")}\r\n${body ?? ""}`;
}

/** The status of a raw answer; 0 if the connection ended without one. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}
