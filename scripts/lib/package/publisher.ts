/**
 * What only a publisher knows, in one file of the project: `publish.json`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../runtimes.ts";

/** The file, relative to the root of the project. */
export const PUBLISH_FILE = "publish.json";

/** Its fields. `null` where nobody has filled it in. */
export interface Publisher {
  /** The address of the repository, such as `https://github.com/someone/luge`: without a slash at its end. */
  readonly repository: string | null;
  /** The address of the site that `npm run site` builds. */
  readonly site: string | null;
}

const FIELDS = ["repository", "site"] as const;

/** Reads the file. Throws an `Error` that names a missing, unknown or wrong field. */
export function readPublisher(root: string = ROOT): Publisher {
  return checkPublisher(JSON.parse(readFileSync(join(root, PUBLISH_FILE), "utf8")));
}

/** Checks the content of the file. Throws an `Error` that names the field, its value and what was expected. */
export function checkPublisher(content: unknown): Publisher {
  if (typeof content !== "object" || content === null) throw wrong("content", content, "an object");
  const found = content as Record<string, unknown>;
  for (const name of Object.keys(found)) {
    if (!FIELDS.some((field) => field === name)) throw wrong(name, found[name], `only ${FIELDS.join(" and ")}`);
  }
  const [repository, site] = FIELDS.map((name) => checkAddress(name, found[name]));
  return { repository: repository ?? null, site: site ?? null };
}

function checkAddress(name: string, value: unknown): string | null {
  if (value === null) return null;
  const isAddress = typeof value === "string" && URL.canParse(value) && /^https:\/\/[^\s?#]+[^\s?#/]$/.test(value);
  if (!isAddress) throw wrong(name, value, "null, or an address that begins with https:// and ends without a slash");
  return value;
}

function wrong(name: string, value: unknown, expected: string): Error {
  return new Error(`Wrong '${name}' in ${PUBLISH_FILE}: ${JSON.stringify(value)}; expected ${expected}`);
}

/** The fields that a release needs and that are not filled in. */
export function missingFor(publisher: Publisher): string[] {
  return publisher.repository === null ? ["repository"] : [];
}
