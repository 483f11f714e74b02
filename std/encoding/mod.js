// @ts-self-types="./mod.d.ts"
export { decodeBase64, encodeBase64 } from "deno-std/encoding/base64.js";
export { decodeHex, encodeHex } from "deno-std/encoding/hex.js";
