import type { BatchOperation } from "../../api/writes.ts";
import { toBase64 } from "../../base64.ts";
import { json } from "../answers.ts";
import type { Fields } from "../fields.ts";
import { Refusal, wrongField } from "../refusal.ts";
import type { Route } from "../route.ts";

/** The most bytes of a body with values. */
const BODY_BYTES = 24 * 1024 * 1024;
/** The most operations of a batch. */
const MOST_OPERATIONS = 1000;
/** How many keys the preview of a deletion shows. */
const SHOWN = 20;

/** The value of a put, as base64. */
function valueIn(fields: Fields): Uint8Array<ArrayBuffer> {
  const value = fields.bytes("value");
  if (value) return value;
  throw wrongField("value", undefined, "a value");
}

function putOptions(fields: Fields): { ttl?: number } {
  const ttl = fields.integer("ttl", { least: 1 });
  return ttl === undefined ? {} : { ttl };
}

/** The version that the value must have: 0 for none. Then nobody else's change is lost. */
function checksOf(fields: Fields, key: Uint8Array<ArrayBuffer>) {
  const version = fields.integer("expected");
  return version === undefined ? {} : { checks: [{ key, version: version === 0 ? undefined : version }] };
}

function conflict(): Refusal {
  return new Refusal(409, "CHANGED", "Somebody else changed the key meanwhile: nothing was written");
}

/** Puts a value. */
export const put: Route = {
  name: "put",
  changes: true,
  fields: ["key", "value", "ttl", "expected"],
  bodyBytes: BODY_BYTES,
  answer: async ({ fields, place: { store } }) => {
    const [key, value] = [fields.requiredKey("key"), valueIn(fields)];
    const version = await store.commit([{ type: "put", key, value, ...putOptions(fields) }], checksOf(fields, key));
    if (version === undefined) throw conflict();
    return json({ version });
  },
};

/** Deletes a key. */
export const remove: Route = {
  name: "delete",
  changes: true,
  fields: ["key", "expected"],
  answer: async ({ fields, place: { store } }) => {
    const key = fields.requiredKey("key");
    const version = await store.commit([{ type: "delete", key }], checksOf(fields, key));
    if (version === undefined) throw conflict();
    return json({ version });
  },
};

/** Puts and deletes as one commit. An import is made of these. */
export const batch: Route = {
  name: "batch",
  changes: true,
  fields: ["operations"],
  bodyBytes: BODY_BYTES,
  answer: async ({ fields, place: { store } }) => {
    const operations = fields.list("operations", ["type", "key", "value", "ttl"], MOST_OPERATIONS).map(operationOf);
    await store.batch(operations);
    return json({ operations: operations.length, version: store.version });
  },
};

function operationOf(fields: Fields): BatchOperation {
  const [type, key] = [fields.text("type"), fields.requiredKey("key")];
  if (type === "delete") return { type, key };
  if (type === "put") return { type, key, value: valueIn(fields), ...putOptions(fields) };
  throw wrongField("type", type, "put or delete");
}

/** What a deletion of a range would remove: how many keys, the first and the last ones, and the version they are from. */
export const preview: Route = {
  name: "preview",
  changes: false,
  fields: ["range"],
  answer: async ({ fields, place: { store }, snapshots, signal }) => {
    const range = fields.range("range");
    // A first read, because a store of another process learns its version by it.
    await store.has("\0");
    const at = store.version;
    return json(
      await snapshots.read(at, async (snapshot) => {
        const count = await snapshot.count(range, { signal });
        const some = async (reverse: boolean) =>
          (await snapshot.keys({ ...range, reverse, limit: SHOWN, keyEncoding: "bytes" }).toArray()).map(toBase64);
        return { count, at, first: await some(false), last: (await some(true)).reverse() };
      }),
    );
  },
};

/** Deletes the keys of a range that a preview showed. Keys that were put later stay. */
export const removeRange: Route = {
  name: "delete-range",
  changes: true,
  fields: ["range", "at", "count"],
  answer: async ({ fields, place: { store }, snapshots, signal }) => {
    const [range, at, count] = [fields.range("range"), fields.integer("at"), fields.integer("count")];
    if (at === undefined || count === undefined) throw wrongField("at", at, "at and count of a preview");
    const opened = snapshots.open(at);
    try {
      const found = await opened.snapshot.count(range, { signal });
      if (found !== count) throw wrongField("count", count, `the count of the preview, which is ${found}`);
      const deleted = await store.deleteRange({ ...range, snapshot: opened.snapshot }, { signal });
      return json({ deleted, version: store.version });
    } finally {
      opened.release();
    }
  },
};
