/**
 * The reference of the public interface, made by `deno doc`. Its two faults are mended, so that no link is broken.
 *
 * @module
 */

import { globSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXPORTS } from "../package/exports.ts";
import { run } from "../run.ts";
import { binary } from "../runtimes.ts";
import { checkLinks, unescaped } from "./links.ts";

/** Writes it into a new folder. Returns how many links were mended. */
export async function buildReference(directory: string): Promise<number> {
  const files = ["mod.ts", ...Object.values(EXPORTS)];
  const { code } = await run(binary("deno"), ["doc", "--html", "--name=luge", `--output=${directory}`, ...files]);
  if (code !== 0) throw new Error(`deno doc failed with the exit code ${code}`);
  return mendNames(directory) + mendAnchors(directory);
}

/**
 * A property such as `"luge:open"` has a page whose file has `%3A` in its name. A link with `%3A` asks a server for a
 * file with a colon, so such a page is never found.
 */
function mendNames(directory: string): number {
  const wrong = globSync("**/*%3A*.html", { cwd: directory });
  for (const file of wrong) renameSync(join(directory, file), join(directory, file.replaceAll("%3A", "_")));
  if (wrong.length === 0) return 0;
  for (const file of globSync("**/*.{html,js}", { cwd: directory })) {
    const path = join(directory, file);
    const text = readFileSync(path, "utf8");
    const mended = text.replace(/(~(?:\/|&#x2F;)[\w.]*)%3A(\w*\.html)/g, "$1_$2");
    if (mended !== text) writeFileSync(path, mended);
  }
  return wrong.length;
}

/** A type parameter of a method has links to an anchor that is not there. They become text. */
function mendAnchors(directory: string): number {
  const { broken } = checkLinks(directory);
  const here = broken.flatMap((link) => {
    const [page = "", target = ""] = link.split(": ");
    return target.startsWith("#") ? [{ page, target }] : [];
  });
  for (const { page, target } of here) {
    const path = join(directory, page);
    const mended = readFileSync(path, "utf8").replace(/ href="([^"]*)"/g, (all, href: string) => {
      return unescaped(href) === target ? "" : all;
    });
    writeFileSync(path, mended);
  }
  return here.length;
}
