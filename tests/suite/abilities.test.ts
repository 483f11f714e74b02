/**
 * Tries on each kind of store what the list of abilities says.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AsyncStore, MemoryStore, open } from "../../mod.ts";
import { messageOf } from "../../src/realm.ts";
import { openEtcd } from "../../src/servers/etcd/mod.ts";
import { openPostgres } from "../../src/servers/postgres/mod.ts";
import { ABILITIES, KINDS, type Kind, LIMITS, type OpenKind } from "../support/abilities.ts";
import { misuse } from "../support/expect.ts";
import { TOKEN } from "../support/served.ts";
import { etcdTest, withEtcd } from "../support/services/etcd.ts";
import { freshOptions, postgresTest, usesPostgres } from "../support/services/with_postgres.ts";
import { withDirectory } from "../support/temporary.ts";

usesPostgres();

/** Runs `use` with a way to open stores of a kind. */
type WithKind = (use: (open: OpenKind) => Promise<void>) => Promise<void>;

let stores = 0;

const WITH: Readonly<Record<Kind, WithKind>> = {
  memory: (use) => use(async (options) => new MemoryStore(options)),
  directory: (use) => withDirectory((path) => use((options) => open({ path: `${path}/${++stores}`, ...options }))),
  shared: (use) => withDirectory((path) => use((options) => openOverNetwork(`${path}/${++stores}`, options))),
  postgres: (use) => use(async (options) => await openPostgres({ ...(await freshOptions()), ...options })),
  etcd: (use) =>
    withEtcd(({ endpoints }) => use((options) => openEtcd({ endpoints, prefix: `kind-${++stores}/`, ...options }))),
};
const DEFINE = { memory: test, directory: test, shared: test, postgres: postgresTest, etcd: etcdTest };

/** A client of a shared store over the network. Its end is the end of the owner. */
async function openOverNetwork(path: string, options: object | undefined): Promise<AsyncStore> {
  const owner = await open({ path, shared: true, ...options });
  try {
    const { port } = await owner.listen({ port: 0, token: TOKEN });
    const client = await open({ address: `luge://127.0.0.1:${port}`, token: TOKEN });
    const close = client.close.bind(client);
    return Object.assign(client, {
      [Symbol.asyncDispose]: async () => {
        await close();
        await owner.close();
      },
    });
  } catch (error) {
    await owner.close();
    throw error;
  }
}

for (const kind of Object.keys(KINDS) as Kind[]) {
  const name = KINDS[kind].replaceAll("`", "");
  describe(`abilities of ${name}`, () => {
    for (const { what, cannot, try: attempt } of Object.values(ABILITIES)) {
      const refusal = cannot[kind];
      DEFINE[kind](`${refusal ? "cannot" : "can"}: ${what}`, () =>
        WITH[kind](async (openKind) => {
          if (!refusal) await attempt(openKind);
          else await assert.rejects(attempt(openKind), (error) => refusal.error.test(messageOf(error)));
        }),
      );
    }

    DEFINE[kind]("takes keys and commits up to its limits", () =>
      WITH[kind](async (openKind) => {
        await using store = await openKind();
        const { keyBytes, operations = 5000 } = LIMITS[kind];
        await store.put(new Uint8Array(keyBytes).fill(1), "1");
        await assert.rejects(store.put(new Uint8Array(keyBytes + 1).fill(1), "1"), misuse(RangeError, `${keyBytes}`));
        const batch = (count: number) =>
          store.batch(Array.from({ length: count }, (_, i) => ({ type: "put", key: `${i}`, value: "1" })));
        await batch(Math.min(operations, 5000));
        if (operations < 5000) await assert.rejects(batch(operations + 1), misuse(RangeError, `${operations}`));
      }),
    );
  });
}
