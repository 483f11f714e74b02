/**
 * Breaks the lines of Markdown, as the pages of the project have them.
 *
 * @module
 */

/** The most characters of a line, except in tables. */
const WIDTH = 100;

/** Text that is never broken: in backquotes, or without a space. */
const TOKEN = /(?:`[^`]*`|[^\s`])+/g;
/** Lines that stay as they are: tables, headings, images, comments. */
const KEPT = /^(?:\||#|!\[|<!--)/;
const ITEM = /^([-*] )(.*)$/;

/** `markdown` with every paragraph and item of a list in lines of at most 100 characters. It must have no blocks of code. */
export function wrapped(markdown: string): string {
  return markdown
    .split("\n\n")
    .map((block) => (KEPT.test(block) ? block : itemsOf(block).map(wrapItem).join("\n")))
    .join("\n\n");
}

/** The paragraphs of a block, each on one line: an item of a list is one, and so is all text before the first. */
function itemsOf(block: string): string[] {
  const items: string[] = [];
  for (const line of block.split("\n")) {
    const isNew = items.length === 0 || ITEM.test(line);
    if (isNew) items.push(line);
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return items;
}

function wrapItem(item: string): string {
  const [, bullet = "", text = item] = ITEM.exec(item) ?? [];
  const lines: string[] = [];
  let line = bullet;
  let isEmpty = true;
  for (const [token] of text.matchAll(TOKEN)) {
    const isFull = !isEmpty && line.length + 1 + token.length > WIDTH;
    if (isFull) lines.push(line);
    if (isFull) line = " ".repeat(bullet.length) + token;
    else line += isEmpty ? token : ` ${token}`;
    isEmpty = false;
  }
  return [...lines, line].join("\n");
}
