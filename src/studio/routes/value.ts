import { toBase64 } from "../../base64.ts";
import { bytes, json } from "../answers.ts";
import { Refusal } from "../refusal.ts";
import type { Route } from "../route.ts";
import type { WireVersion } from "../wire.ts";

/** The most bytes of a value that an answer with several versions has. */
const VERSION_BYTES = 64 * 1024;
/** The most versions of an answer, the newest ones. */
const MOST_VERSIONS = 200;

/** The bytes of a value, or of a part of it. The headers have its version, its size and when it expires. */
export const value: Route = {
  name: "value",
  changes: false,
  fields: ["key", "at", "most"],
  answer: async ({ fields, snapshots }) => {
    const [key, most] = [fields.requiredKey("key"), fields.integer("most", { least: 1 })];
    const entry = await snapshots.read(fields.integer("at"), (reader) => reader.getEntry(key));
    if (!entry) throw new Refusal(404, "NO_VALUE", "The key has no value");
    return bytes(most === undefined ? entry.value : entry.value.subarray(0, most), {
      "luge-version": `${entry.version}`,
      "luge-size": `${entry.value.length}`,
      ...(entry.expiresAt !== undefined && { "luge-expires-at": `${entry.expiresAt}` }),
    });
  },
};

/** The versions of a key, newest first. */
export const versions: Route = {
  name: "versions",
  changes: false,
  fields: ["key"],
  answer: async ({ fields, place: { store } }) => {
    const found = await store.versions(fields.requiredKey("key"));
    const wire = found.slice(0, MOST_VERSIONS).map(
      ({ version, value, deleted, expiresAt, writtenAt }): WireVersion => ({
        version,
        kind: deleted ? "delete" : value ? "put" : "expired",
        ...(expiresAt !== undefined && { expiresAt }),
        ...(writtenAt !== undefined && { writtenAt }),
        ...(value && { size: value.length, value: toBase64(value.subarray(0, VERSION_BYTES)) }),
      }),
    );
    return json({ versions: wire, more: found.length - wire.length });
  },
};
