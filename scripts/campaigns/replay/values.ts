/**
 * Values that share memory.
 *
 * @module
 */

import { MessageChannel } from "node:worker_threads";
import { type Case, outcomeOf } from "./case.ts";

export const VALUES: readonly Case[] = [
  {
    name: "values: one value of a walk is transferred",
    wanted: "an error, or 0 others are emptied",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      for (let i = 0; i < 100; i++) await store.put(`key${i}`, `value${i}`);
      const values: Uint8Array[] = [];
      for await (const value of store.values()) values.push(value);
      const { port1, port2 } = new MessageChannel();
      const outcome = await outcomeOf(() => port1.postMessage(values[0], [values[0]?.buffer as ArrayBuffer]));
      port1.close();
      port2.close();
      const emptied = values.slice(1).filter((value) => value.length === 0).length;
      await store.close();
      return `${outcome}, ${emptied} others are emptied`;
    },
  },
  {
    name: "values: the buffer of a small get",
    wanted: "5 bytes",
    run: async (luge, path) => {
      const store = await luge.open({ path, loggingLevel: 3 });
      await store.put("key", "value");
      const one = await store.get("key");
      const many = await store.getMany(["key"]);
      const scanned = await store.scan("");
      await store.close();
      const sizes = [one, many[0], scanned.get("key")].map((value) => value?.buffer.byteLength);
      return `get ${sizes[0]}, getMany ${sizes[1]}, scan ${sizes[2]} bytes`;
    },
  },
];
