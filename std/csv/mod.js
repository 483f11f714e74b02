// @ts-self-types="./mod.d.ts"
export { CsvParseStream } from "deno-std/csv/parse_stream.js";
export { stringify } from "deno-std/csv/stringify.js";
