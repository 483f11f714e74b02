// @ts-self-types="./mod.d.ts"
export { assert } from "deno-std/assert/assert.js";
export { assertEquals } from "deno-std/assert/equals.js";
export { assertFalse } from "deno-std/assert/false.js";
export { assertInstanceOf } from "deno-std/assert/instance_of.js";
export { assertMatch } from "deno-std/assert/match.js";
export { assertRejects } from "deno-std/assert/rejects.js";
export { assertStringIncludes } from "deno-std/assert/string_includes.js";
export { assertThrows } from "deno-std/assert/throws.js";
