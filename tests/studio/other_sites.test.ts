/**
 * Pages of other sites attack the studio from the same browser, while its own page is open.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { browserTest } from "../support/chromium.ts";
import { closeBrowser, REBOUND, withPage } from "./browser.ts";

after(closeBrowser);

/** Serves an empty page of another site, and calls `use` with its port. */
async function withOtherSite(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>another site</title>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

browserTest("a page of another site reads nothing and changes nothing, with the token, too", () =>
  withOtherSite(async (port) => {
    const store = new MemoryStore();
    await store.put("secret", "value");
    await withPage({ store }, async ({ page, studio }) => {
      await page.locator(".row", { hasText: "secret" }).waitFor();
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `${REBOUND}:${port}`]) {
        const other = await page.context().newPage();
        await other.goto(`http://${host}/`);
        const answers = await other.evaluate(
          async ({ origin, token }) => {
            const tried: Record<string, string> = {};
            const attempt = async (name: string, options: RequestInit) => {
              try {
                const response = await fetch(`${origin}/api/put`, {
                  method: "POST",
                  body: '{"key":"YQ==","value":""}',
                  ...options,
                });
                tried[name] = `${response.type} ${response.status}`;
              } catch (error) {
                tried[name] = (error as Error).name;
              }
            };
            await attempt("with the token", { headers: { "content-type": "application/json", "luge-token": token } });
            await attempt("as a form", { mode: "no-cors", headers: { "content-type": "text/plain" } });
            await attempt("with cookies", { mode: "no-cors", credentials: "include" });
            await attempt("the page", { method: "GET", body: null });
            const loaded = (element: HTMLElement & { src: string }) =>
              new Promise<string>((resolve) => {
                element.addEventListener("load", () => resolve("loaded"));
                element.addEventListener("error", () => resolve("refused"));
                element.src = `${origin}/`;
                document.head.append(element);
              });
            tried.script = await loaded(document.createElement("script"));
            tried.image = await loaded(document.createElement("img"));
            return tried;
          },
          { origin: studio.origin, token: studio.token },
        );
        const { "as a form": form, "with cookies": cookies, ...others } = answers;
        // An answer that the page cannot look into, or none.
        for (const sent of [form, cookies]) assert.match(sent ?? "", /^(?:opaque 0|TypeError)$/, host);
        const expected = {
          "with the token": "TypeError",
          "the page": "TypeError",
          script: "refused",
          image: "refused",
        };
        assert.deepEqual(others, expected, host);
        await other.close();
      }
      assert.deepEqual([store.version, [...store.keys()]], [1, ["secret"]]);
    });
  }),
);

browserTest("no other page can frame it", () =>
  withOtherSite(async (port) => {
    await withPage({}, async ({ page, studio }) => {
      const other = await page.context().newPage();
      await other.goto(`http://localhost:${port}/`);
      const answered = other.waitForResponse((response) => response.url() === `${studio.origin}/`);
      await other.evaluate((origin) => {
        const frame = document.createElement("iframe");
        frame.src = `${origin}/`;
        document.body.append(frame);
      }, studio.origin);
      assert.equal((await answered).status(), 403);
    });
  }),
);

browserTest("a name that points to this machine shows nothing, not even the page", async () => {
  await withPage({}, async ({ page, studio }) => {
    const other = await page.context().newPage();
    const { port } = new URL(studio.origin);
    const response = await other.goto(`http://${REBOUND}:${port}/#${studio.token}`);
    assert.equal(response?.status(), 421);
    const status = await other.evaluate(async (token) => {
      const headers = { "content-type": "application/json", "luge-token": token };
      return (
        (await fetch("/api/place", { method: "POST", headers, body: "{}" }).catch(() => undefined))?.status ?? "refused"
      );
    }, studio.token);
    assert.ok(status === 421 || status === "refused", `${status}`);
  });
});
