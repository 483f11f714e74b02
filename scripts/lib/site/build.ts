/**
 * Builds the site: pages, search, playground and, if wanted, the reference. It needs no network.
 *
 * @module
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { EXPORTS } from "../package/exports.ts";
import { bundleBrowser } from "../package/programs.ts";
import type { Publisher } from "../package/publisher.ts";
import { ROOT } from "../runtimes.ts";
import { type Rendered, render } from "./markdown.ts";
import { groupsOf, type Page } from "./pages.ts";
import { buildReference } from "./reference.ts";
import { type Entry, indexOf } from "./search.ts";
import { documentOf } from "./template.ts";

/** The exports that programs in the playground may import. */
const IN_PLAYGROUND = ["keys", "codecs", "messagepack", "prometheus"];
/** Folder of the site for files of the repository that pages name, and that are no pages. */
const FILES = "files";

/** How the site is built. */
export interface SiteOptions {
  readonly publisher: Publisher;
  /** Whether it has the reference: 850 files, 22 MB. */
  readonly reference: boolean;
}

/** What was built. */
export interface BuiltSite {
  readonly pages: number;
  /** How many sections the search knows. */
  readonly sections: number;
  /** Bytes of the index of the search. */
  readonly indexBytes: number;
}

/** Builds the site into `directory`, which is emptied first. */
export async function buildSite(directory: string, options: SiteOptions): Promise<BuiltSite> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const groups = groupsOf();
  const pages = groups.flatMap((group) => group.pages);
  const rendered = new Map(pages.map((page) => [page.path, renderPage(page, pages, directory, options.publisher)]));
  const titles = new Map([...rendered].map(([path, { title }]) => [path, title]));
  const frame = {
    groups: [...groups, { title: "Try", pages: [PLAYGROUND] }],
    titles: titles.set(PLAYGROUND.path, "Playground"),
  };
  for (const [path, { title, html, sections }] of rendered) {
    const headings = sections.filter(({ depth }) => depth === 2);
    write(join(directory, path), documentOf({ path, title, html, headings }, frame));
  }
  const { path } = PLAYGROUND;
  const script = "playground.js";
  write(
    join(directory, path),
    documentOf({ path, title: "Playground", html: playground(), headings: [], script }, frame),
  );
  const entries = [...rendered].flatMap(([path, page]) => entriesOf(path, page));
  const index = JSON.stringify(indexOf(entries));
  write(join(directory, "search.json"), index);
  for (const file of ["style.css", "icon.svg"]) copyFileSync(join(import.meta.dirname, file), join(directory, file));
  await bundleScripts(directory);
  if (options.reference) await buildReference(join(directory, "reference"));
  return { pages: rendered.size + 1, sections: entries.length, indexBytes: Buffer.byteLength(index) };
}

const PLAYGROUND: Page = { source: "scripts/lib/site/playground.html", path: "playground.html" };

function playground(): string {
  return readFileSync(join(ROOT, PLAYGROUND.source), "utf8");
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function renderPage(page: Page, pages: readonly Page[], directory: string, publisher: Publisher): Rendered {
  const markdown = readFileSync(join(ROOT, page.source), "utf8");
  return render(markdown, (target) => resolve(target, page, pages, directory, publisher));
}

/**
 * Where a link of a page leads: to another page, to the file in the repository, or, if nobody knows the address of that, to
 * a copy of the file in the site. Throws an `Error` for a file that does not exist.
 */
function resolve(target: string, from: Page, pages: readonly Page[], directory: string, publisher: Publisher): string {
  const [path = "", anchor] = target.split("#");
  if (path === "") return target;
  const source = join(dirname(from.source), path).replaceAll("\\", "/").replace(/\/$/, "");
  const suffix = anchor === undefined ? "" : `#${anchor}`;
  const page = pages.find((each) => each.source === source || each.source === `${source}/README.md`);
  const here = dirname(from.path);
  if (page) return `${relative(here, page.path).replaceAll("\\", "/")}${suffix}`;
  const file = join(ROOT, source);
  if (!existsSync(file)) throw new Error(`The page '${from.source}' has a link to '${target}', which does not exist`);
  const isImage = /\.(?:svg|png)$/.test(source);
  if (publisher.repository !== null && !isImage) return `${publisher.repository}/blob/HEAD/${source}${suffix}`;
  if (statSync(file).isDirectory()) throw new Error(`The page '${from.source}' has a link to the folder '${target}'`);
  const copy = join(FILES, isImage || source === "LICENSE" ? source : `${source}.txt`);
  mkdirSync(dirname(join(directory, copy)), { recursive: true });
  copyFileSync(file, join(directory, copy));
  return relative(here, copy).replaceAll("\\", "/");
}

function entriesOf(path: string, { title: page, sections, codes }: Rendered): Entry[] {
  return [...sections, ...codes].map(({ anchor, depth, title, text }) => ({
    id: depth === 1 ? path : `${path}#${anchor}`,
    page,
    title,
    text,
  }));
}

/** The scripts of the pages, and the package for the playground. */
async function bundleScripts(directory: string): Promise<void> {
  const client = join(import.meta.dirname, "client");
  const options = { bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022" } as const;
  await build({
    ...options,
    outdir: directory,
    entryPoints: {
      search: join(client, "search_box.ts"),
      playground: join(client, "playground.ts"),
      playground_worker: join(client, "playground_worker.ts"),
    },
  });
  const library = join(directory, "lib");
  await bundleBrowser(library, "esm");
  rmSync(join(library, "browser.js.map"));
  const entries = IN_PLAYGROUND.map((name) => [name, join(ROOT, EXPORTS[name] ?? "")]);
  await build({ ...options, outdir: library, entryPoints: Object.fromEntries(entries) });
}
