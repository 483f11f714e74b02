/**
 * Attacks on the studio: from pages of other sites, from names that point to this machine, and from clients that send what no
 * browser sends.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore } from "../../mod.ts";
import { ownHosts } from "../../src/studio/hosts.ts";
import type { Studio } from "../../src/studio/studio.ts";
import { call, connected, exchange, key, raw, request, statusOf, withStudio } from "./started.ts";

const BODY = "{}";

/** The headers of a request of the page. */
function ofPage({ origin, token }: Studio, more: Record<string, string | undefined> = {}) {
  const host = new URL(origin).host;
  return {
    host,
    origin,
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
    "luge-token": token,
    ...more,
  };
}

async function statusWith(studio: Studio, more: Record<string, string | undefined>, line = "POST /api/place") {
  return statusOf(await raw(studio, request(line, ofPage(studio, more), BODY)));
}

async function pageStatus(studio: Studio, more: Record<string, string | undefined>, line = "GET /") {
  return statusOf(await raw(studio, request(line, { host: new URL(studio.origin).host, ...more })));
}

describe("the studio", () => {
  test("answers its own page", () =>
    withStudio({}, async (studio) => {
      assert.equal(await statusWith(studio, {}), 200);
      assert.equal(await pageStatus(studio, {}), 200);
      assert.equal(await pageStatus(studio, { "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" }), 200);
      assert.equal(
        await statusWith(studio, { host: `localhost:${new URL(studio.origin).port}`, origin: undefined }),
        200,
      );
    }));

  test("refuses names that point to this machine (DNS rebinding), for the page too", () =>
    withStudio({}, async (studio) => {
      const { port } = new URL(studio.origin);
      for (const host of [
        `attacker.example:${port}`,
        "attacker.example",
        `127.0.0.1.attacker.example:${port}`,
        `127.0.0.1:${Number(port) + 1}`,
        "127.0.0.1",
        `127.0.0.1:${port}@attacker.example`,
        `attacker.example/127.0.0.1:${port}`,
        `192.168.0.7:${port}`,
        `127.0.0.1:${port}, attacker.example`,
        "",
      ]) {
        assert.equal(await statusWith(studio, { host, origin: undefined }), 421, host);
        assert.equal(await pageStatus(studio, { host }), 421, host);
      }
      assert.ok([400, 421].includes(await pageStatus(studio, { host: undefined })));
      assert.ok([400, 421].includes(statusOf(await raw(studio, "GET / HTTP/1.0\r\n\r\n"))));
    }));

  test("refuses two headers of one name, of which two readers could take different ones", () =>
    withStudio({}, async (studio) => {
      const { host } = new URL(studio.origin);
      const twice = `GET / HTTP/1.1\r\nhost: ${host}\r\nHost: attacker.example\r\nconnection: close\r\n\r\n`;
      assert.ok([400, 421].includes(statusOf(await raw(studio, twice))));
      const tokens = request("POST /api/place", { ...ofPage(studio), "Luge-Token": "other" }, BODY);
      assert.ok([400, 401].includes(statusOf(await raw(studio, tokens))));
    }));

  test("refuses pages of other sites (CSRF), with the token, too", () =>
    withStudio({}, async (studio) => {
      const { port, hostname } = new URL(studio.origin);
      for (const origin of [
        "http://attacker.example",
        "null",
        `https://${hostname}:${port}`,
        `http://${hostname}:${Number(port) + 1}`,
        `http://localhost:${port}`,
        `http://${hostname}:${port}.attacker.example`,
        `http://${hostname}:${port}/`,
      ]) {
        assert.equal(await statusWith(studio, { origin }), 403, origin);
        assert.equal(await pageStatus(studio, { origin }), 403, origin);
      }
      for (const site of ["cross-site", "same-site", "none"]) {
        assert.equal(await statusWith(studio, { "sec-fetch-site": site }), 403, site);
      }
      // A frame, an image or a script of another page.
      for (const destination of ["iframe", "image", "script", "object", "embed", "empty"]) {
        assert.equal(await pageStatus(studio, { "sec-fetch-dest": destination }), 403, destination);
      }
    }));

  test("answers no preflight, and allows no other site to read", () =>
    withStudio({}, async (studio) => {
      const headers = {
        host: new URL(studio.origin).host,
        origin: "http://attacker.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "luge-token",
      };
      const answer = await raw(studio, request("OPTIONS /api/place", headers));
      assert.equal(statusOf(answer), 403);
      assert.doesNotMatch(answer, /access-control-/i);
      assert.doesNotMatch(await raw(studio, request("POST /api/place", ofPage(studio), BODY)), /access-control-/i);
    }));

  test("refuses wrong tokens, of every length, and tokens elsewhere than in the header", () =>
    withStudio({}, async (studio) => {
      const { token, origin } = studio;
      const other = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
      for (const wrong of [
        undefined,
        "",
        "x",
        other,
        `${token}A`,
        token.slice(1),
        token.toUpperCase(),
        "\u00e9".repeat(32),
      ]) {
        assert.equal(await statusWith(studio, { "luge-token": wrong }), 401, `${wrong}`);
      }
      assert.equal(await statusWith(studio, { "luge-token": undefined, cookie: `luge-token=${token}` }), 401);
      assert.equal(await statusWith(studio, { "luge-token": undefined, authorization: `Bearer ${token}` }), 401);
      assert.equal(await statusWith(studio, { "luge-token": undefined }, `POST /api/place?luge-token=${token}`), 404);
      assert.match(token, /^[A-Za-z0-9_-]{32}$/);
      assert.ok(!origin.includes(token));
      await withStudio({}, async (second) => {
        assert.notEqual(second.token, token);
        assert.equal(await statusWith(second, { "luge-token": token }), 401);
      });
    }));

  test("takes nothing but JSON: a form of another site cannot send that", () =>
    withStudio({}, async (studio) => {
      for (const type of [
        undefined,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/json; charset=utf-16",
      ]) {
        assert.equal(await statusWith(studio, { "content-type": type }), 415, `${type}`);
      }
      for (const body of ["", "[]", "null", '"text"', "{", '{"a":1}', '{"__proto__":{}}', '{"range":{"prefix":7}}']) {
        const answer = await raw(studio, request("POST /api/keys", ofPage(studio), body));
        assert.equal(statusOf(answer), 400, body);
      }
    }));

  test("changes nothing without --write, whatever the page would ask", async () => {
    const store = new MemoryStore();
    await store.put("a", "1");
    await withStudio({ store, place: { canWrite: false } }, async (studio) => {
      for (const [route, fields] of [
        ["put", { key: key("a"), value: key("2") }],
        ["delete", { key: key("a") }],
        ["batch", { operations: [{ type: "delete", key: key("a") }] }],
        ["delete-range", { range: {}, at: 1, count: 1 }],
        ["compact", {}],
        ["make-backup", {}],
        ["restore-backup", { to: 1, name: "a" }],
      ] as const) {
        const { status, body } = await call(studio, route, fields);
        assert.deepEqual([status, body.error.code], [403, "READ_ONLY"], route);
      }
      assert.deepEqual([store.countSync(), store.version], [1, 1]);
    });
  });

  test("has no path but its own, and reads no file", () =>
    withStudio({}, async (studio) => {
      for (const path of [
        "/../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/index.html",
        "/api/../",
        "/api/place/",
        "/api//place",
        "/api/%70lace",
        "/api/constructor",
        "/api/__proto__",
        "/?a",
        "http://attacker.example/",
        "*",
      ]) {
        const status = await statusWith(studio, {}, `POST ${path}`);
        assert.ok([400, 404].includes(status), `${path}: ${status}`);
        assert.ok([400, 404].includes(await pageStatus(studio, {}, `GET ${path}`)), path);
      }
      for (const method of ["GET", "PUT", "DELETE", "HEAD"]) {
        assert.equal(await statusWith(studio, {}, `${method} /api/place`), 405, method);
      }
      for (const method of ["POST", "PUT", "TRACE"])
        assert.ok([400, 405].includes(await pageStatus(studio, {}, `${method} /`)));
    }));

  test("refuses names of directories that lead elsewhere", () => {
    const restored: string[] = [];
    const backups = {
      directory: "backups",
      list: async () => [],
      make: async () => "full.backup",
      restore: async (_: number, name: string) => {
        restored.push(name);
        return name;
      },
    };
    return withStudio({ place: { backups } }, async (studio) => {
      for (const name of ["..", ".", "../x", "a/b", "a\\b", "/etc", ".hidden", "a\0b", "", "x".repeat(101)]) {
        const { status } = await call(studio, "restore-backup", { to: 1, name });
        assert.equal(status, 400, name);
      }
      assert.deepEqual(restored, []);
      assert.equal((await call(studio, "restore-backup", { to: 1, name: "restored-1" })).status, 200);
      assert.deepEqual(restored, ["restored-1"]);
    });
  });

  test("lets the browser load, run, frame, keep and guess nothing", () =>
    withStudio({}, async (studio) => {
      const page = await fetch(`${studio.origin}/`);
      const text = await page.text();
      const policy = page.headers.get("content-security-policy") ?? "";
      assert.match(
        policy,
        /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src blob: data:;/,
      );
      for (const part of [
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
      ]) {
        assert.ok(policy.includes(part), part);
      }
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.ok(!text.includes(studio.token));
      const value = await call(studio, "value", { key: key("none") });
      const place = await call(studio, "place");
      assert.match(place.headers.get("content-security-policy") ?? "", /^default-src 'none';.* sandbox$/);
      for (const { headers } of [page, value, place]) {
        assert.equal(headers.get("x-content-type-options"), "nosniff");
        assert.equal(headers.get("cache-control"), "no-store");
        assert.equal(headers.get("referrer-policy"), "no-referrer");
        assert.equal(headers.get("x-frame-options"), "DENY");
        assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
        assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
      }
    }));

  test("sends a value as bytes, never as a document", async () => {
    const store = new MemoryStore();
    await store.put("page", "<script>alert(1)</script>");
    await withStudio({ store }, async (studio) => {
      const { headers, body } = await call(studio, "value", { key: key("page") });
      assert.deepEqual([headers.get("content-type"), body], ["application/octet-stream", "<script>alert(1)</script>"]);
    });
  });

  test("bounds headers", () =>
    withStudio({}, async (studio) => {
      const large = "x".repeat(20_000);
      const status = await statusWith(studio, { "x-large": large });
      assert.ok([431, 400, 0].includes(status), `${status}`);
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`x-header-${i}`, "y".repeat(60)]));
      const other = await statusWith(studio, many);
      assert.ok([431, 400, 0].includes(other), `${other}`);
      const path = await statusWith(studio, {}, `POST /api/${"x".repeat(20_000)}`);
      assert.ok([414, 431, 404, 400, 0].includes(path), `${path}`);
      assert.equal(await statusWith(studio, {}), 200);
    }));

  test("bounds bodies, whether their length is told or not", () =>
    withStudio({}, async (studio) => {
      const large = JSON.stringify({ from: "A".repeat(600_000) });
      assert.equal(statusOf(await raw(studio, request("POST /api/keys", ofPage(studio), large))), 413);
      const chunked = { ...ofPage(studio), "transfer-encoding": "chunked" };
      const chunk = `${(600_000).toString(16)}\r\n${"A".repeat(600_000)}\r\n0\r\n\r\n`;
      assert.equal(statusOf(await raw(studio, `${request("POST /api/keys", chunked)}${chunk}`)), 413);
      assert.equal(await statusWith(studio, {}), 200);
    }));

  test("does not wait for ever: silence, slow headers, slow bodies", async () => {
    await withStudio({ limits: { headMs: 200 } }, async (studio) => {
      assert.equal(statusOf(await raw(studio, "")), 0);
      assert.equal(statusOf(await raw(studio, "POST /api/place HTTP/1.1\r\nhost: ")), 0);
    });
    await withStudio({ limits: { bodyMs: 200 } }, async (studio) => {
      const slow = request("POST /api/place", ofPage(studio, { "content-length": "100" }), "{");
      assert.equal(statusOf(await raw(studio, slow)), 408);
    });
  });

  test("ends a client that does not read, and what it asked for", async () => {
    const store = new MemoryStore();
    for (let i = 0; i < 3000; i++) await store.put(`key-${i}`, "x".repeat(20_000));
    await withStudio({ store, limits: { readMs: 200 } }, async (studio) => {
      const socket = await connected(studio);
      socket.on("error", () => {});
      socket.pause();
      socket.write(request("POST /api/export", ofPage(studio, { connection: "keep-alive" }), BODY));
      // The snapshot of the export ends with it.
      while (store.metrics().openSnapshots === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      while (store.metrics().openSnapshots > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      socket.destroy();
    });
  });

  test("bounds connections", () =>
    withStudio({ limits: { connections: 3 } }, async (studio) => {
      const open = [await connected(studio), await connected(studio), await connected(studio)];
      // The server has accepted one once it answers on it. A feed does not end.
      for (const socket of open) {
        const heard = new Promise((resolve) => socket.once("data", resolve));
        socket.write(request("POST /api/changes", ofPage(studio), BODY));
        await heard;
      }
      assert.equal(statusOf(await exchange(await connected(studio), request("GET /", { host: "x" }))), 0);
      for (const socket of open) socket.destroy();
    }));

  test("ends a stream when its client leaves, and all of them when it ends", async () => {
    const store = new MemoryStore();
    await withStudio({ store }, async (studio) => {
      const leaving = new AbortController();
      const response = await fetch(`${studio.origin}/api/changes`, {
        method: "POST",
        headers: { "content-type": "application/json", "luge-token": studio.token },
        body: "{}",
        signal: leaving.signal,
      });
      const reader = response.body?.getReader();
      assert.match(new TextDecoder().decode((await reader?.read())?.value), /"since":0/);
      leaving.abort();
    });
  });
});

describe("the hosts of the studio", () => {
  test("on loopback are the names of loopback, with the port", () => {
    const isOwn = ownHosts("127.0.0.1", 80);
    for (const host of ["127.0.0.1", "localhost:80", "LOCALHOST", "[::1]:80"]) assert.ok(isOwn(host), host);
    for (const host of ["127.0.0.1:81", "localhost.:80", "a.localhost", "0.0.0.0", "127.1", "2130706433"])
      assert.ok(!isOwn(host), host);
  });

  test("on all addresses are numbers, because no name server can point those elsewhere", () => {
    const isOwn = ownHosts("0.0.0.0", 4000);
    for (const host of ["192.168.0.7:4000", "[fe80::1]:4000", "localhost:4000"]) assert.ok(isOwn(host), host);
    for (const host of ["attacker.example:4000", "192.168.0.7", "1.2.3.4.5:4000", "a.1.2.3:4000"])
      assert.ok(!isOwn(host), host);
  });

  test("on one address are that one and loopback", () => {
    const isOwn = ownHosts("192.168.0.7", 4000);
    assert.ok(isOwn("192.168.0.7:4000"));
    assert.ok(!isOwn("192.168.0.8:4000"));
  });
});
