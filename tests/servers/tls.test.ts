/**
 * Stores over servers that take TLS alone, with a certificate of a test's own authority.
 */

import assert from "node:assert/strict";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { StoreError } from "../../mod.ts";
import { type EtcdOptions, openEtcd } from "../../src/servers/etcd/mod.ts";
import { openPostgres } from "../../src/servers/postgres/mod.ts";
import { AUTHORITY, CERTIFICATE, KEY, OTHER_AUTHORITY } from "../support/certificate.ts";
import { misuse, storeError, text } from "../support/expect.ts";
import { etcdTest, withEtcd } from "../support/services/etcd.ts";
import { PostgresServer } from "../support/services/postgres.ts";
import { postgresTest, usesPostgres } from "../support/services/with_postgres.ts";

usesPostgres();

const TLS = { certificate: CERTIFICATE, key: KEY };
const isUnreachable = (error: unknown) => error instanceof StoreError && error.code === "STORE_UNREACHABLE";

postgresTest("PostgreSQL with TLS: sslmode, an authority of one's own, and certificates of others", async () => {
  const server = await PostgresServer.start(TLS);
  try {
    const { url } = server;
    await assert.rejects(openPostgres({ url }), storeError("ACCESS_DENIED", "no encryption"));
    {
      await using store = await openPostgres({ url: `${url}?sslmode=require` });
      await store.put("key", "1");
    }
    for (const place of [url, url.replace("127.0.0.1", "localhost")]) {
      await using store = await openPostgres({ url: place, ca: AUTHORITY });
      assert.equal(text(await store.get("key")), "1");
    }
    const options = { url, timeout: 5000 };
    await assert.rejects(openPostgres({ ...options, ca: OTHER_AUTHORITY }), isUnreachable);
    await assert.rejects(openPostgres({ ...options, url: `${url}?sslmode=verify-full` }), isUnreachable);
    await assert.rejects(openPostgres({ ...options, ca: "none" }), misuse(RangeError, "'ca'"));
    await assert.rejects(openPostgres({ ...options, ca: 5 as never }), misuse(TypeError, "'ca'"));
  } finally {
    await server.end();
  }
});

/** What Deno has for this. */
interface DenoClients {
  createHttpClient(options: { readonly caCerts: readonly string[] }): Disposable;
}

/** A `fetch` that trusts an authority, on each runtime in its own way. */
function fetchThatTrusts(ca: string): typeof fetch {
  const { Deno } = globalThis as { Deno?: DenoClients };
  if (Deno) {
    const client = Deno.createHttpClient({ caCerts: [ca] });
    return (url, request) => fetch(url, { ...request, client } as RequestInit);
  }
  if ("Bun" in globalThis) return (url, request) => fetch(url, { ...request, tls: { ca } } as RequestInit);
  setDefaultCACertificates([...getCACertificates("bundled"), ca]);
  return fetch;
}

etcdTest("etcd with TLS: an authority of one's own, and one that nobody trusts", async () => {
  const trusting = fetchThatTrusts(AUTHORITY);
  await withEtcd(
    async ({ endpoints }) => {
      assert.match(endpoints[0] ?? "", /^https:/);
      const options: EtcdOptions = { endpoints, timeout: 3000, fetch: trusting as NonNullable<EtcdOptions["fetch"]> };
      await using store = await openEtcd(options);
      const watched = store.watch({}, { since: 0 })[Symbol.asyncIterator]();
      await store.put("key", "1");
      assert.equal(text((await watched.next()).value?.value), "1");
      await watched.return?.();
      if ("Deno" in globalThis || "Bun" in globalThis) {
        await assert.rejects(openEtcd({ endpoints, timeout: 1000 }), isUnreachable);
      }
    },
    { tls: { ...TLS, fetch: trusting } },
  );
});
