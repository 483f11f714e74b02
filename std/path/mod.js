// @ts-self-types="./mod.d.ts"
export { fromFileUrl } from "deno-std/path/from_file_url.js";
export { join } from "deno-std/path/join.js";
