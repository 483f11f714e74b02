/**
 * What servers of luge have in common: hosts that only this machine reaches, and tokens.
 *
 * @module
 */

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i;

/** Whether only this machine reaches a host to listen on. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Tells whether a given token is the right one. It takes as long for a wrong one as for the right one. */
export async function tokenCheck(token: string): Promise<(given: unknown) => boolean> {
  const { createHash, timingSafeEqual } = await import("node:crypto");
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const right = digest(token);
  return (given) => typeof given === "string" && timingSafeEqual(digest(given), right);
}
