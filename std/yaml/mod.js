// @ts-self-types="./mod.d.ts"
export { parse } from "deno-std/yaml/parse.js";
