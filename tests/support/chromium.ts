/**
 * A browser for tests: the machine's own chromium, through playwright-core. In CI a test without one fails. Elsewhere it
 * is skipped, and says so.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import process from "node:process";
import { test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { chromiumProgram, launchChromium } from "../../scripts/lib/chromium.ts";
import { nodeTest } from "./node_only.ts";

const hasBrowser = chromiumProgram() !== undefined;
if (!hasBrowser && nodeTest === test) {
  console.warn("── SKIPPED: tests in a browser, because this machine has no chromium (apt-get install chromium)");
}

/** As `nodeTest`, for a test that needs a browser. */
export const browserTest: typeof test | typeof test.skip =
  hasBrowser || process.env.CI === "true" ? nodeTest : test.skip;

/** What a server on this machine answers, by path. */
export interface Files {
  readonly [path: string]: { readonly type: string; readonly body: string | Uint8Array };
}

/** A page whose files come from a server on a free port of this machine. */
export interface OpenPage {
  readonly page: Page;
  /** The address of the server, such as `http://127.0.0.1:4444`. */
  readonly origin: string;
  /** The errors of the page: what it throws, what its console says is one, and what it cannot load. */
  readonly errors: string[];
}

/** Serves `files`, opens `path` of them in a new browser, runs `use`, and ends browser and server. */
export async function withPage(files: Files, path: string, use: (open: OpenPage) => Promise<void>): Promise<void> {
  const server = await serve(files);
  let browser: Browser | undefined;
  try {
    browser = await launchChromium();
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.on("response", (response) => {
      if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`);
    });
    const { port } = server.address() as { port: number };
    const origin = `http://127.0.0.1:${port}`;
    await page.goto(`${origin}${path}`);
    await use({ page, origin, errors });
  } finally {
    await browser?.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Without these a page has no `SharedArrayBuffer`. */
const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * What a page leaves in `globalThis.outcome`. Rejects with the first error of the page, so that a page which fails ends
 * its test.
 */
export async function outcomeOf<T>({ page, errors }: OpenPage): Promise<T> {
  const found = page.waitForFunction(() => (globalThis as { outcome?: unknown }).outcome, undefined, { timeout: 0 });
  const failed = new Promise<never>((_, reject) => page.on("pageerror", reject));
  if (errors.length > 0) throw new Error(errors.join("\n"));
  return (await (await Promise.race([found, failed])).jsonValue()) as T;
}

async function serve(files: Files): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const file = files[pathname] ?? (pathname === "/favicon.ico" ? { type: "image/x-icon", body: "" } : undefined);
    response.writeHead(file ? 200 : 404, { ...ISOLATED, "content-type": file?.type ?? "text/plain" });
    response.end(file?.body ?? "not found");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
