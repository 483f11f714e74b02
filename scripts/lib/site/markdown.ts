/**
 * Markdown of a page as HTML, and its sections for the search.
 *
 * @module
 */

import { Marked, type Token, type Tokens } from "marked";

/** A page as HTML. */
export interface Rendered {
  readonly title: string;
  readonly html: string;
  readonly sections: readonly Section[];
  /** Rows of tables that begin with the code of an error. They have anchors of their own. */
  readonly codes: readonly Section[];
}

/** A heading and the text below it. */
export interface Section {
  /** Its anchor. */
  readonly anchor: string;
  readonly depth: number;
  readonly title: string;
  readonly text: string;
}

/** Where a link or an image leads, as the page is written, to where it leads on the site. */
export type Resolve = (target: string) => string;

/** The page. `resolve` gets each target of a link or an image that is not an address. */
export function render(markdown: string, resolve: Resolve): Rendered {
  const marked = new Marked({ gfm: true });
  const tokens = marked.lexer(markdown.replace(/<!--[\s\S]*?-->/g, ""));
  const sections = sectionsOf(tokens);
  let next = 0;
  const target = (href: string) => (/^[a-z]+:/.test(href) ? href : resolve(href));
  marked.use({
    renderer: {
      heading({ tokens: inline, depth }: Tokens.Heading): string {
        const { anchor = "" } = sections[next++] ?? {};
        return `<h${depth} id="${anchor}">${this.parser.parseInline(inline)}</h${depth}>\n`;
      },
      link({ href, tokens: inline }: Tokens.Link): string {
        return `<a href="${escaped(target(href))}">${this.parser.parseInline(inline)}</a>`;
      },
      image({ href, text }: Tokens.Image): string {
        return `<img src="${escaped(target(href))}" alt="${escaped(text)}">`;
      },
      code({ text, lang = "" }: Tokens.Code): string {
        // It may be wider than the page: the keyboard must be able to scroll it.
        return `<pre tabindex="0" data-language="${escaped(lang)}"><code>${escaped(text)}</code></pre>\n`;
      },
    },
  });
  const html = marked
    .parser(tokens)
    // An empty heading is none, and says nothing to those who hear the page.
    .replace(/<th(?: align="\w+")?><\/th>/g, "<td></td>")
    .replace(CODE_ROW, (_, code: string) => `<tr id="${code.toLowerCase()}">\n<td><code>${code}</code></td>`)
    .replaceAll("<table>", '<div class="table" tabindex="0"><table>')
    .replaceAll("</table>", "</table></div>");
  return { title: sections[0]?.title ?? "", html, sections, codes: tokens.flatMap(codesOf) };
}

/** The code of an error, such as `STORE_LOCKED`, alone in the first cell of a row. */
const CODE = /^`([A-Z]+(?:_[A-Z]+)+)`$/;
const CODE_ROW = /<tr>\n<td><code>([A-Z]+(?:_[A-Z]+)+)<\/code><\/td>/g;

function codesOf(token: Token): Section[] {
  if (token.type !== "table") return [];
  return (token as Tokens.Table).rows.flatMap((cells) => {
    const [, code] = CODE.exec(cells[0]?.text ?? "") ?? [];
    if (code === undefined) return [];
    const text = cells.map((cell) => plain(cell.text)).join(" ");
    return [{ anchor: code.toLowerCase(), depth: 3, title: code, text }];
  });
}

/** `text` for HTML, also in an attribute. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function sectionsOf(tokens: readonly Token[]): Section[] {
  const sections: Section[] = [];
  const used = new Map<string, number>();
  for (const token of tokens) {
    if (token.type === "heading") {
      const slug = slugOf(token.text);
      const times = used.get(slug) ?? 0;
      used.set(slug, times + 1);
      const anchor = times === 0 ? slug : `${slug}-${times}`;
      sections.push({ anchor, depth: (token as Tokens.Heading).depth, title: plain(token.text), text: "" });
    } else {
      const last = sections.pop();
      if (last) sections.push({ ...last, text: `${last.text} ${plain(token.raw)}`.trim() });
    }
  }
  return sections;
}

/** The anchor of a heading, as GitHub makes it. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

/** Markdown as text: without targets of links and without marks. */
function plain(markdown: string): string {
  return markdown
    .replace(/\]\([^)]*\)/g, "]")
    .replace(/[`*#|[\]]|^```\w*$|:?-{3,}:?/gm, " ")
    .replace(/\s+/g, " ")
    .trim();
}
