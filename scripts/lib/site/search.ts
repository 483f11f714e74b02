/**
 * The search of the site. The build and the page use the same options, so that an index of one is read by the other.
 *
 * @module
 */

import MiniSearch, { type Options } from "minisearch";

/** A section of a page. */
export interface Entry {
  /** Its address, relative to the root of the site. */
  readonly id: string;
  readonly page: string;
  readonly title: string;
  readonly text: string;
}

/** A section that was found. */
export interface Found {
  readonly id: string;
  readonly page: string;
  readonly title: string;
}

/** Words that questions have and that say nothing. */
const EMPTY = new Set(
  "a an and are as at be by can do does for from get gets has have how i if in is it its luge me my of on or so that the then there this to use used was what when where which who why will with you".split(
    " ",
  ),
);

const OPTIONS: Options<Entry> = {
  fields: ["title", "page", "text"],
  storeFields: ["title", "page"],
  // An underscore belongs to a word: `STORE_LOCKED` is one.
  tokenize: (text) => text.split(/[^\p{Letter}\p{Number}_]+/u).filter((word) => word !== ""),
  processTerm: (term) => {
    const word = term.toLowerCase();
    // A plural finds its singular.
    return EMPTY.has(word) ? null : word.length > 3 ? word.replace(/(?<!s)s$/, "") : word;
  },
};

/** An index of these sections. */
export function indexOf(entries: readonly Entry[]): MiniSearch<Entry> {
  const index = new MiniSearch(OPTIONS);
  index.addAll(entries);
  return index;
}

/** An index from the text of its JSON. */
export function readIndex(json: string): MiniSearch<Entry> {
  return MiniSearch.loadJSON(json, OPTIONS);
}

/** The sections that answer a question best, at most `limit`. */
export function search(index: MiniSearch<Entry>, question: string, limit = 8): Found[] {
  const results = index.search(question, {
    boost: { title: 3, page: 2 },
    prefix: (term) => term.length > 3,
    fuzzy: (term) => (term.length > 5 ? 0.2 : false),
  });
  return results
    .slice(0, limit)
    .map(({ id, page, title }) => ({ id: String(id), page: String(page), title: String(title) }));
}
