/**
 * Recognises values of another realm, as Jest and `node:vm` have them.
 *
 * @module
 */

/** The class of a built-in value, such as `"Date"`. */
export function classOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** Whether it is a `URL`. */
export function isUrl(value: unknown): value is URL {
  return classOf(value) === "URL";
}
