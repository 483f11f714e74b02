// @ts-self-types="./bytes.d.ts"
export { format } from "deno-std/fmt/bytes.js";
