/**
 * The page, bundled from its sources. In the published package, the build puts a file with the finished page in the place of
 * this one: see `scripts/lib/package/programs.ts`. So users need no bundler.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Metafile } from "esbuild";
import type { Page } from "./page_answer.ts";

/** Not in the import itself: then bundlers do not look for it. */
const BUNDLER: string = "esbuild";

/** Bundles the page. */
export async function loadPage(): Promise<Page> {
  return await bundlePage();
}

/** As {@linkcode loadPage}, and tells which files are in it. */
export async function bundlePage(): Promise<Page & { readonly inputs: Metafile["inputs"] }> {
  const { build } = (await import(BUNDLER)) as typeof import("esbuild");
  const { outputFiles, metafile } = await build({
    entryPoints: ["main.ts", "style.css"].map((file) => fileURLToPath(new URL(`page/${file}`, import.meta.url))),
    bundle: true,
    minify: true,
    metafile: true,
    write: false,
    outdir: "page",
    format: "esm",
    platform: "browser",
    target: ["es2022"],
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? "";
  const page = { script: textOf(".js"), style: textOf(".css"), inputs: metafile.inputs };
  if (/<\/(?:script|style)|<!--/i.test(page.script + page.style)) throw new Error("the page contains its own end tag");
  return page;
}
