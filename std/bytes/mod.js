// @ts-self-types="./mod.d.ts"
export { concat } from "deno-std/bytes/concat.js";
export { equals } from "deno-std/bytes/equals.js";
export { startsWith } from "deno-std/bytes/starts_with.js";
