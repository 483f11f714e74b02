import { json } from "../answers.ts";
import type { Route } from "../route.ts";
import { readRows } from "../rows.ts";
import { landmarksOf, sizeOfRange } from "../sizes.ts";

/** The most rows of an answer. */
const MOST_ROWS = 500;
/** Up to so many entries a range is counted; beyond, estimated. */
const MOST_COUNTED = 50_000;
/** How long landmarks are looked for, in milliseconds. */
const LANDMARK_MS = 2000;

/** Rows of a list. */
export const keys: Route = {
  name: "keys",
  changes: false,
  fields: ["range", "from", "limit", "reverse", "at"],
  answer: async ({ fields, snapshots, signal }) => {
    const wanted = {
      range: fields.range("range"),
      from: fields.key("from"),
      limit: fields.integer("limit", { least: 1, most: MOST_ROWS }) ?? 100,
      reverse: fields.flag("reverse"),
    };
    return json(await snapshots.read(fields.integer("at"), (snapshot) => readRows(snapshot, wanted, signal)));
  },
};

/** How many entries a range has, exactly or about, and how many bytes. */
export const size: Route = {
  name: "size",
  changes: false,
  fields: ["range", "at"],
  answer: async ({ fields, snapshots, place: { store }, signal }) => {
    const range = fields.range("range");
    const limits = { most: MOST_COUNTED, signal };
    return json(await snapshots.read(fields.integer("at"), (reader) => sizeOfRange({ store, reader }, range, limits)));
  },
};

/** Keys that divide a range into parts of about equal size. A list jumps by them. */
export const landmarks: Route = {
  name: "landmarks",
  changes: false,
  fields: ["range"],
  answer: async ({ fields, place: { store }, signal }) =>
    json({ landmarks: await landmarksOf(store, fields.range("range"), { ms: LANDMARK_MS, signal }) }),
};
