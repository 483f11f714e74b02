// @ts-self-types="./status.d.ts"
export { STATUS_CODE } from "deno-std/http/status.js";
