/**
 * Deno's standard library reads the output of the command line, and the other way round.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { CsvParseStream, stringify } from "@std/csv";
import { decodeBase64, decodeHex, encodeBase64, encodeHex } from "@std/encoding";
import { toText } from "@std/streams";
import { decode, encode } from "../../src/cli/encodings.ts";
import { CSV_HEADER, readCsv, toCsv } from "../../src/cli/formats/csv.ts";
import type { Entry } from "../../src/cli/formats/entries.ts";

const TEXT = { keys: "text", values: "text" } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Values that are difficult in CSV. */
const VALUES = [
  "plain",
  "",
  " spaces ",
  'a "quoted" word',
  "comma, comma",
  "two\nlines\n",
  "tab\t",
  "ü 😀",
  "\ufeffbom",
];
const ENTRIES: readonly Entry[] = VALUES.map((value, i) => ({
  key: encoder.encode(`key${i}`),
  value: encoder.encode(value),
  ...(i % 2 === 0 ? {} : { expiresAt: 4_102_444_800_000 + i }),
}));
const ROWS: readonly (readonly string[])[] = [
  ["key", "value", "expiresAt"],
  ...VALUES.map((value, i) => [`key${i}`, value, i % 2 === 0 ? "" : `${4_102_444_800_000 + i}`]),
];

async function records(csv: string): Promise<string[][]> {
  return await Array.fromAsync(ReadableStream.from([...csv]).pipeThrough(new CsvParseStream()));
}

async function valuesIn(csv: string): Promise<string[]> {
  const entries = await Array.fromAsync(readCsv(ReadableStream.from([encoder.encode(csv)]), TEXT));
  return entries.map(({ value }) => decoder.decode(value));
}

Deno.test("@std/csv reads what luge dump writes", async () => {
  assertEquals(await records(CSV_HEADER + toCsv(ENTRIES, TEXT)), ROWS as string[][]);
});

Deno.test("luge load reads what @std/csv writes, also in pieces", async () => {
  const csv = stringify(ROWS, { headers: false });
  assertStringIncludes(csv, "\r\n");
  assertEquals(await valuesIn(csv), VALUES);
  const bytes = ReadableStream.from([...csv]).pipeThrough(new TextEncoderStream());
  const entries = await Array.fromAsync(readCsv(bytes, TEXT));
  assertEquals(entries, [...ENTRIES]);
});

Deno.test("a CR before an LF stays in a value: the reason why luge load does not read with @std/csv", async () => {
  const csv = `${CSV_HEADER}${toCsv([{ key: encoder.encode("key"), value: encoder.encode("a\r\nb") }], TEXT)}`;
  assertEquals(await valuesIn(csv), ["a\r\nb"]);
  assertEquals((await records(csv))[1], ["key", "a\nb", ""]);
});

Deno.test("hex and base64 are those of @std/encoding, for bytes of every length and value", () => {
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    const [hex, base64] = [encode(bytes, "hex") ?? "", encode(bytes, "base64") ?? ""];
    assertEquals([hex, base64], [encodeHex(bytes), encodeBase64(bytes)]);
    assertEquals(decode(hex.toUpperCase(), "hex", "value"), decodeHex(hex));
    assertEquals(decode(base64, "base64", "value"), decodeBase64(base64));
  }
});

Deno.test("Deno's streams read and write the JSON lines", async () => {
  const { toJson, readJsonLines } = await import("../../src/cli/formats/jsonl.ts");
  const lines = ENTRIES.map((entry) => `${JSON.stringify(toJson(entry, TEXT))}\r\n`);
  const text = await toText(ReadableStream.from(lines).pipeThrough(new TextEncoderStream()));
  const bytes = ReadableStream.from([...text]).pipeThrough(new TextEncoderStream());
  assertEquals(await Array.fromAsync(readJsonLines(bytes, TEXT)), [...ENTRIES]);
});
