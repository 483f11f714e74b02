/**
 * The secret that a client on another machine must know.
 *
 * @module
 */

const TOKEN = /^[\x21-\x7e]*$/;
const [LEAST, MOST] = [16, 1024];

/** Throws `TypeError` or `RangeError`, whose messages do not have the token. */
export function checkToken(token: unknown): asserts token is string {
  if (typeof token !== "string") {
    throw new TypeError(`Wrong option 'token': expected a string, got ${token === null ? "null" : typeof token}`);
  }
  if (!TOKEN.test(token)) {
    throw new RangeError("Wrong option 'token': expected letters, digits and signs of ASCII, without spaces");
  }
  if (token.length >= LEAST && token.length <= MOST) return;
  throw new RangeError(`Wrong option 'token': expected ${LEAST} to ${MOST} characters, got ${token.length}`);
}
