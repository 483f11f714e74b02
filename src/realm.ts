/**
 * Recognises values of another realm, as Jest and `node:vm` have them. Every realm has its own `Error` and
 * `Uint8Array`, so `instanceof` answers false for values of another one.
 *
 * @module
 */

const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get as (
  this: unknown,
) => string | undefined;

/** Whether it is a true `Uint8Array` of any realm, or a subclass such as `Buffer`. */
export function isUint8Array(value: unknown): value is Uint8Array {
  // The first check is the fast one. The second checks the internal type of the value, not its properties.
  return value instanceof Uint8Array || tagOf.call(value) === "Uint8Array";
}

/** The properties of an error of any realm. */
export interface ErrorLike {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
}

/** Whether it is an error: an object with the strings `name` and `message`. */
export function isErrorLike(value: unknown): value is ErrorLike {
  if (typeof value !== "object" || value === null) return false;
  const { name, message } = value as Partial<ErrorLike>;
  return typeof name === "string" && typeof message === "string";
}

/** Whether it is a `URL` of any realm: an object with the strings `href` and `protocol`. */
export function isUrl(value: unknown): value is URL {
  if (typeof value !== "object" || value === null) return false;
  const { href, protocol } = value as Partial<URL>;
  return typeof href === "string" && typeof protocol === "string";
}

/** Whether it is a compiled module of any realm. */
export function isWasmModule(value: unknown): value is WebAssembly.Module {
  return classOf(value) === "WebAssembly.Module";
}

/** Whether it is a WebAssembly memory of any realm. */
export function isWasmMemory(value: unknown): value is WebAssembly.Memory {
  return classOf(value) === "WebAssembly.Memory";
}

/** The class of a built-in value of any realm, such as `"Date"`; `"Object"` for most others. */
export function classOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** The message of an error. Accepts any thrown value. */
export function messageOf(error: unknown): string {
  return isErrorLike(error) ? error.message : String(error);
}
