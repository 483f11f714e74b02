/**
 * Values that JSON has nothing for: dates, maps, sets, errors and cycles.
 *
 * ```sh
 * node examples/codecs.ts
 * ```
 *
 * In a project of your own, import from "@luge/luge" and "@luge/luge/codecs".
 *
 * @module
 */

import { MemoryStore } from "../mod.ts";
import { cloneCodec } from "../src/codecs/mod.ts";

/** A person, and whom they know. */
interface Person {
  readonly name: string;
  readonly born: Date;
  readonly knows: Set<Person>;
}

const ada: Person = { name: "Ada", born: new Date("1815-12-10"), knows: new Set() };
const charles: Person = { name: "Charles", born: new Date("1791-12-26"), knows: new Set([ada]) };
ada.knows.add(charles);

await using store = new MemoryStore(); // or: await open("data")
const people = store.view({ prefix: "people/", value: cloneCodec<Person>() });
await people.put("ada", ada);

const found = await people.get("ada");
const [friend] = found?.knows ?? [];
console.log(found?.name, found?.born.getUTCFullYear(), "knows", friend?.name);
console.log("and is known:", friend?.knows.has(found as Person));

const failures = store.view({ prefix: "failures/", value: cloneCodec<Error>() });
await failures.put("first", new RangeError("too many", { cause: new Error("a loop") }));
const failure = await failures.get("first");
console.log(failure instanceof RangeError, failure?.message, (failure?.cause as Error | undefined)?.message);
