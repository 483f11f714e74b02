/**
 * Questions that people ask, and the pages that answer them.
 *
 * @module
 */

/** The question, and the page that must be among the first three. */
export const QUESTIONS: readonly (readonly [question: string, page: string])[] = [
  ["When is a write durable?", "guide/01-writes-and-durability.html"],
  ["read a range in reverse", "guide/02-keys-and-ranges.html"],
  ["change several keys together", "guide/03-transactions.html"],
  ["how do I follow changes", "guide/05-watching.html"],
  ["let entries expire with a ttl", "guide/06-expiry.html"],
  ["restore a backup", "guide/08-backups.html"],
  ["STORE_LOCKED", "guide/15-troubleshooting.html#store_locked"],
  ["the disk is full", "guide/15-troubleshooting.html"],
  ["cacheSize default", "guide/17-options-and-limits.html"],
  ["bundle for a browser", "guide/13-bundlers.html"],
  ["transation conflct", "guide/03-transactions.html"],
  ["deno permissions", "guide/14-permissions.html"],
];
