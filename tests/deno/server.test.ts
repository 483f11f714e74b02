/**
 * Starts the example for Deno as its comment says: with the permissions in the comment, and no other.
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { equals } from "@std/bytes";
import { fromFileUrl } from "@std/path";
import { TextLineStream } from "@std/streams";
import { withDirectory } from "../support/temporary.ts";

const EXAMPLE = fromFileUrl(import.meta.resolve("../../examples/deno_server.ts"));
/** A server that takes longer to start or stop hangs. */
const HUNG_MS = 120_000;

/** Runs the server on `path`, calls `use` with its address, and stops it as a service manager would. */
async function withServer(path: string, use: (url: string) => Promise<void>): Promise<void> {
  const permissions = ["--allow-net=127.0.0.1", `--allow-read=${path}`, `--allow-write=${path}`];
  const args = ["run", "--no-check", "--no-prompt", ...permissions, EXAMPLE, path, "0"];
  const server = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  try {
    const { value: url = "" } = await deadline(lines.read(), HUNG_MS);
    assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    await use(url);
  } finally {
    server.kill("SIGTERM");
  }
  assertEquals((await deadline(server.status, HUNG_MS)).code, 0);
  assertEquals(await lines.read(), { done: false, value: "closed" });
  assertEquals((await lines.read()).done, true);
}

async function status(answer: Promise<Response>): Promise<number> {
  const { status, body } = await answer;
  await body?.cancel();
  return status;
}

Deno.test("the server says so to a client that has the newest version, also after a restart", () =>
  withDirectory(async (path) => {
    const value = crypto.getRandomValues(new Uint8Array(1000));
    let etag = "";
    await withServer(path, async (url) => {
      assertEquals(await status(fetch(`${url}key`, { method: "PUT", body: value })), 204);
      assertEquals(await status(fetch(`${url}empty`, { method: "PUT" })), 204);
      const answer = await fetch(`${url}key`);
      assert(equals(await answer.bytes(), value));
      etag = answer.headers.get("etag") ?? "";
      assertMatch(etag, /^"\d+"$/);
    });
    await withServer(path, async (url) => {
      const headers = { "if-none-match": etag };
      assertEquals(await status(fetch(`${url}key`, { headers })), 304);
      assertEquals(await status(fetch(`${url}key`, { method: "PUT", body: "new" })), 204);
      const answer = await fetch(`${url}key`, { headers });
      assertEquals([answer.status, await answer.text()], [200, "new"]);
      assertEquals(await (await fetch(`${url}empty`)).text(), "");
    });
  }));

/** Sends an endless body, piece by piece, until the connection accepts no more. */
async function sendForEver(connection: Deno.Conn, head: string): Promise<void> {
  const writer = connection.writable.getWriter();
  const encoder = new TextEncoder();
  await writer.write(encoder.encode(head));
  const piece = encoder.encode(`10000\r\n${"x".repeat(65_536)}\r\n`);
  for (;;) await writer.write(piece);
}

Deno.test("the server refuses an endless body as soon as it is too long", () =>
  withDirectory(async (path) => {
    await withServer(path, async (url) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
      const sending = sendForEver(connection, "PUT /key HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
      const lines = connection.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
      const reader = lines.getReader();
      const first = await deadline(reader.read(), HUNG_MS);
      assertMatch(first.value ?? "", /^HTTP\/1\.1 413 /);
      await reader.cancel();
      await assertRejects(() => sending);
      assertEquals(await status(fetch(`${url}key`)), 404);
    });
  }));
