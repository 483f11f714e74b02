import { toBase64 } from "../../base64.ts";
import { json } from "../answers.ts";
import type { Bytes } from "../byte_keys.ts";
import type { Fields } from "../fields.ts";
import { wrongField } from "../refusal.ts";
import type { Route } from "../route.ts";
import { sizeOfRange } from "../sizes.ts";
import { findDivision, readLevel } from "../tree.ts";
import type { WireBranch, WireDivision, WireLevel } from "../wire.ts";

/** The most branches of an answer. */
const MOST_BRANCHES = 200;
/** Up to so many entries a branch is counted; beyond, estimated. */
const MOST_COUNTED = 1000;
/** After this time, in milliseconds, the next branches come with the next answer. */
const ENOUGH_MS = 500;

function divisionOf(fields: Fields): WireDivision {
  const separator = fields.text("separator", 8);
  const isTuple = fields.flag("tuple");
  if (isTuple === (separator !== undefined)) throw wrongField("separator", separator, "a separator, or tuple");
  return separator === undefined ? { kind: "tuple" } : { kind: "text", separator };
}

/** How the keys of the store are divided, as far as one can see. */
export const division: Route = {
  name: "division",
  changes: false,
  fields: [],
  answer: async ({ snapshots }) => json({ division: await snapshots.read(undefined, findDivision) }),
};

/** One level of the tree. */
export const tree: Route = {
  name: "tree",
  changes: false,
  fields: ["separator", "tuple", "start", "from", "at"],
  answer: async ({ fields, snapshots, place: { store }, signal }) => {
    const wanted = {
      division: divisionOf(fields),
      start: fields.bytes("start") ?? new Uint8Array(),
      from: fields.key("from"),
      most: MOST_BRANCHES,
      signal,
    };
    return json(
      await snapshots.read(fields.integer("at"), async (reader): Promise<WireLevel> => {
        const level = await readLevel(reader, wanted);
        const enough = performance.now() + ENOUGH_MS;
        const branches: WireBranch[] = [];
        let next: Bytes | undefined = level.next;
        for (const { label, start, gte, lt } of level.branches) {
          if (branches.length > 0 && performance.now() > enough) {
            next = gte;
            break;
          }
          const range = { gte, ...(lt && { lt }) };
          const { count, isExact, bytes } = await sizeOfRange({ store, reader }, range, { most: MOST_COUNTED, signal });
          const ends = { start: toBase64(start), gte: toBase64(gte), ...(lt && { lt: toBase64(lt) }) };
          branches.push({ label, ...ends, bytes, count, isExact });
        }
        return { branches, leaves: level.leaves, ...(next && { next: toBase64(next) }) };
      }),
    );
  },
};
