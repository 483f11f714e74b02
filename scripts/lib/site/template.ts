/**
 * The HTML around a page.
 *
 * @module
 */

import { escaped } from "./markdown.ts";
import type { Group, Page } from "./pages.ts";

/** What a page shows. */
export interface Content {
  /** Its path, relative to the root of the site. */
  readonly path: string;
  readonly title: string;
  readonly html: string;
  /** The headings below the title. */
  readonly headings: readonly { readonly anchor: string; readonly title: string }[];
  /** A script of this page alone, relative to the root of the site. */
  readonly script?: string;
}

/** The navigation, and the title of each page by its path. */
export interface Frame {
  readonly groups: readonly Group[];
  readonly titles: ReadonlyMap<string, string>;
}

/** Nothing comes from elsewhere. The code of the playground is a module that the page itself makes, a blob. */
const POLICY =
  "default-src 'self'; script-src 'self' blob:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'";

/** The whole document. All its links are relative, so the site works in any folder of a server. */
export function documentOf(content: Content, frame: Frame): string {
  const { path, title, html, script } = content;
  const up = "../".repeat(path.split("/").length - 1);
  const scripts = ["search.js", ...(script === undefined ? [] : [script])];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(title === "luge" ? title : `${title} – luge`)}</title>
<link rel="stylesheet" href="${up}style.css">
<link rel="icon" href="${up}icon.svg" type="image/svg+xml">
${scripts.map((name) => `<script type="module" src="${up}${name}"></script>`).join("\n")}
</head>
<body data-root="${up}">
<a class="skip" href="#content">Skip to the content</a>
<header>
<a class="home" href="${up}index.html">luge</a>
<form role="search" class="search">
<label for="question" class="hidden">Search these pages</label>
<input id="question" type="search" placeholder="Search" autocomplete="off" role="combobox" aria-expanded="false" aria-controls="results" aria-autocomplete="list">
<ul id="results" role="listbox" aria-label="Pages that were found" hidden></ul>
<p id="found" class="hidden" role="status"></p>
</form>
<nav aria-label="Parts of the site">
<a href="${up}guide/01-writes-and-durability.html">Guide</a>
<a href="${up}reference/index.html">Reference</a>
<a href="${up}playground.html">Playground</a>
</nav>
</header>
<div class="columns">
<nav class="pages" aria-label="Pages">
<details open><summary>All pages</summary>
${frame.groups.map((group) => groupOf(group, path, up, frame.titles)).join("\n")}
</details>
</nav>
<main id="content" tabindex="-1">
${html}
${neighboursOf(path, up, frame)}
</main>
${headingsOf(content)}
</div>
</body>
</html>
`;
}

function groupOf({ title, pages }: Group, current: string, up: string, titles: ReadonlyMap<string, string>): string {
  const items = pages.map(({ path }) => {
    const isHere = path === current ? ' aria-current="page"' : "";
    return `<li><a href="${up}${path}"${isHere}>${escaped(titles.get(path) ?? path)}</a></li>`;
  });
  return `<p class="group">${title}</p>\n<ul>\n${items.join("\n")}\n</ul>`;
}

function headingsOf({ headings }: Content): string {
  if (headings.length < 2) return "";
  const items = headings.map(({ anchor, title }) => `<li><a href="#${anchor}">${escaped(title)}</a></li>`);
  return `<nav class="here" aria-label="On this page">\n<p class="group">On this page</p>\n<ul>\n${items.join("\n")}\n</ul>\n</nav>`;
}

/** Links to the page before and after this one in its group. */
function neighboursOf(current: string, up: string, { groups, titles }: Frame): string {
  const pages = groups.find((group) => group.pages.some(({ path }) => path === current))?.pages ?? [];
  const at = pages.findIndex(({ path }) => path === current);
  const link = (page: Page | undefined, word: string) =>
    page ? `<a href="${up}${page.path}">${word}: ${escaped(titles.get(page.path) ?? page.path)}</a>` : "";
  const links = [link(pages[at - 1], "Before"), link(pages[at + 1], "Next")].filter((each) => each !== "");
  return links.length === 0 ? "" : `<nav class="neighbours" aria-label="Neighbours">${links.join("\n")}</nav>`;
}
