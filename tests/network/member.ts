/**
 * A process that serves a store, or that counts in one over its address until it is told to stop. The test reads its lines,
 * and kills it.
 *
 * @module
 */

import process from "node:process";
import { open } from "../../mod.ts";
import { AUTHORITY, CERTIFICATE, KEY } from "../support/certificate.ts";
import { TOKEN } from "../support/served.ts";

const [task, place = "", ...rest] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

if (task === "serve") {
  const store = await open({ path: place, shared: true, writeBufferSize: 256 * 1024 });
  const plain = await store.listen({ token: TOKEN, port: Number(rest[0]) });
  const encrypted = await store.listen({ token: TOKEN, port: 0, tls: { cert: CERTIFICATE, key: KEY } });
  say(`serves ${store.role} ${plain.address} ${encrypted.address}`);
} else if (task === "own") {
  const store = await open({ path: place, shared: true, writeBufferSize: 256 * 1024 });
  say(`is ${store.role}`);
  setInterval(() => {}, 60_000);
} else if (task === "idle") {
  const store = await open({ address: place, token: TOKEN, ...(place.startsWith("luges:") ? { ca: AUTHORITY } : {}) });
  await store.put("idle", "");
  say("ends");
} else {
  const [name = "", count = ""] = rest;
  const ca = place.startsWith("luges:") ? { ca: AUTHORITY } : {};
  const store = await open({ address: place, token: TOKEN, ...ca });
  for (let i = 1; i <= Number(count) && !(await store.has("stop")); i++) {
    const value = await store.increment(`count/${name}`);
    if (value !== i) say(`wrong ${value} instead of ${i}`);
    say(`at ${i}`);
  }
  const seen = (await store.keys({ prefix: "count/" }).toArray()).length;
  say(`done ${seen}`);
  await store.close();
}
