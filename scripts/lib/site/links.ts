/**
 * Links of the built site: every target must exist.
 *
 * @module
 */

import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** What a check found. */
export interface LinkReport {
  readonly pages: number;
  /** Links within the site. */
  readonly links: number;
  /** Links to elsewhere, which are not followed. */
  readonly outside: number;
  /** `page: target` for each that leads nowhere. */
  readonly broken: readonly string[];
}

const TARGET = /<(?:a|link|script|img)\b[^>]*?\s(?:href|src)=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
const ANCHOR = /\b(?:id|name)=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;

/** Checks the targets and anchors of all HTML files in a folder. */
export function checkLinks(folder: string): LinkReport {
  const pages = globSync("**/*.html", { cwd: folder }).sort();
  const anchors = new Map<string, Set<string>>();
  const anchorsOf = (page: string): Set<string> => {
    const known = anchors.get(page);
    if (known) return known;
    const text = readFileSync(join(folder, page), "utf8");
    const found = new Set([...text.matchAll(ANCHOR)].map(([, a, b, c]) => unescaped(a ?? b ?? c ?? "")));
    anchors.set(page, found);
    return found;
  };
  const broken: string[] = [];
  let [links, outside] = [0, 0];
  for (const page of pages) {
    const text = readFileSync(join(folder, page), "utf8").replace(/<pre[\s\S]*?<\/pre>/g, "");
    for (const [, a, b, c] of text.matchAll(TARGET)) {
      const target = unescaped(a ?? b ?? c ?? "");
      if (/^[a-z]+:/.test(target)) {
        outside += 1;
        continue;
      }
      links += 1;
      const [path = "", anchor = ""] = target.split("#");
      const found =
        path === "" ? page : fileAt(folder, join(dirname(page), decodeURIComponent(path.split("?")[0] ?? "")));
      const isThere =
        !path.startsWith("/") && existsSync(join(folder, found)) && statSync(join(folder, found)).isFile();
      const hasAnchor =
        anchor === "" || !found.endsWith(".html") || (isThere && anchorsOf(found).has(decodeURIComponent(anchor)));
      if (!isThere || !hasAnchor) broken.push(`${page}: ${target}`);
    }
  }
  return { pages: pages.length, links, outside, broken };
}

/** A server answers with the first page of a folder. */
function fileAt(folder: string, path: string): string {
  const full = join(folder, path);
  return existsSync(full) && statSync(full).isDirectory() ? join(path, "index.html") : path;
}

/** An attribute's text without HTML's entities. */
export function unescaped(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
