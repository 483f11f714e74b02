// @ts-self-types="./mod.d.ts"
export { deadline } from "deno-std/async/deadline.js";
export { delay } from "deno-std/async/delay.js";
