/**
 * Closed databases, and classes that nobody constructs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Cases, collect, refuses } from "../subject.ts";

export const closingCases: Cases = {
  "a closed database refuses calls": async (kv) => {
    await kv.set(["a"], 1);
    const list = kv.list({ prefix: [] });
    kv.close();
    await refuses(() => kv.get(["a"]), "BadResource");
    await refuses(() => kv.getMany([["a"]]), "BadResource");
    await refuses(() => kv.set(["a"], 1), "BadResource");
    await refuses(() => kv.delete(["a"]), "BadResource");
    await refuses(() => kv.atomic().set(["a"], 1).commit(), "BadResource");
    await refuses(() => collect(list), "BadResource");
    await refuses(() => collect(kv.list({ prefix: [] })), "BadResource");
    await refuses(() => kv.close(), "BadResource");
    kv[Symbol.dispose]();
  },

  "using closes a database, also one that is closed": async (kv, { open }) => {
    kv.close();
    kv[Symbol.dispose]();
    const other = await open();
    {
      using used = other;
      assert.equal((await used.get(["a"])).value, null);
    }
    await refuses(() => other.get(["a"]), "BadResource");
  },

  "a database is opened, never constructed": async (kv) => {
    const Class = kv.constructor as new () => unknown;
    assert.throws(() => new Class(), { name: "TypeError", message: /can not be constructed/ });
  },

  "two databases in memory are separate": async (kv, { open }) => {
    using other = await open();
    await kv.set(["a"], 1);
    assert.equal((await other.get(["a"])).value, null);
  },
};
