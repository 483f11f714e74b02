/**
 * A script on Bun that counts the words of a text in a store: run it again, and the counts add up.
 *
 * ```sh
 * bun examples/bun_script.ts README.md data/words
 * ```
 *
 * In a project of your own, import from "@luge/luge".
 *
 * @module
 */

import { open } from "../mod.ts";

const [text = "README.md", path = "data/words"] = Bun.argv.slice(2);
const decoder = new TextDecoder();

await using store = await open(path);

const counts = new Map<string, number>();
for (const [word] of (await Bun.file(text).text()).toLowerCase().matchAll(/\p{Letter}+/gu)) {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

// Not awaited one by one: all of them share a few syncs of the disk.
await Promise.all(
  Array.from(counts, async ([word, count]) => {
    const before = await store.get(`word/${word}`);
    await store.put(`word/${word}`, `${Number(before ? decoder.decode(before) : 0) + count}`);
  }),
);

const all = Array.from(await store.scan("word/"), ([key, value]) => ({
  word: key.slice("word/".length),
  count: Number(decoder.decode(value)),
}));
for (const { word, count } of all.sort((a, b) => b.count - a.count).slice(0, 10)) console.log(`${count}\t${word}`);
