/**
 * `luge copy` moves a store from a directory to PostgreSQL and back.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { type AsyncStore, open } from "../../mod.ts";
import { openPostgres } from "../../src/servers/postgres/mod.ts";
import { spoken } from "../support/command.ts";
import { freshOptions, postgresTest, usesPostgres } from "../support/services/with_postgres.ts";
import { withDirectory } from "../support/temporary.ts";

usesPostgres();

async function recordsOf(store: AsyncStore): Promise<unknown[]> {
  return await store.records({ keyEncoding: "bytes" }).toArray();
}

postgresTest("a store is copied to PostgreSQL and back, entry for entry", () =>
  withDirectory(async (directory) => {
    const [from, back] = [join(directory, "from"), join(directory, "back")];
    const { url, table } = await freshOptions();
    const place = `${url}?table=${table}`;
    const source = await open(from);
    await source.batch(Array.from({ length: 5000 }, (_, i) => ({ type: "put", key: `key/${i}`, value: `${i}` })));
    await source.put(Uint8Array.of(0, 255), new Uint8Array(300_000).fill(3), { ttl: 600_000 });
    await source.delete("key/7");
    const records = await recordsOf(source);
    const { version } = source;
    await source.close();
    assert.match(await spoken("copy", from, place), new RegExp(`^0 postgres://.*: version ${version}, 5,?000 entries`));
    await using server = await openPostgres({ url: url as string, ...(table === undefined ? {} : { table }) });
    assert.deepEqual(await recordsOf(server), records);
    assert.equal(server.version, version);
    assert.match(await spoken("copy", from, place), /^3 .*not empty/);
    assert.match(await spoken("copy", place, back), /^0 /);
    await using copied = await open(back);
    assert.deepEqual(await recordsOf(copied), records);
    assert.equal(copied.version, version);
  }),
);

postgresTest("wrong places are refused, and no password is shown", async () => {
  const { url } = await freshOptions();
  assert.match(await spoken("copy", `${url}?table=none`, "nowhere"), /^3 .*does not exist/);
  const secret = String(url).replace("postgres@", "postgres:secret@");
  const failed = await spoken("copy", `${secret}?tabel=x`, `${secret}?table=a-b`);
  assert.match(failed, /^[23] /);
  assert.doesNotMatch(failed, /secret/);
});
