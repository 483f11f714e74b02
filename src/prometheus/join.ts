/**
 * Texts of several stores as one.
 *
 * @module
 */

/** What a text has of one figure: its description, and its samples. */
const FIGURE = /(# HELP [^\n]*\n# TYPE [^\n]*\n)((?:[^#\n][^\n]*\n)*)/g;

/**
 * Joins what `prometheusText` returned for several stores, each with labels of its own. In the format all lines of a
 * figure are together, below one description. So the texts cannot simply follow each other.
 *
 * Throws a `TypeError` for anything but an array of texts.
 *
 * @example
 * ```ts
 * import { MemoryStore } from "@luge/luge";
 * import { joinPrometheusTexts, prometheusText } from "@luge/luge/prometheus";
 * import assert from "node:assert/strict";
 *
 * const stores = { users: new MemoryStore(), sessions: new MemoryStore() };
 * const texts = Object.entries(stores).map(([store, each]) => prometheusText(each.metrics(), { labels: { store } }));
 * assert.match(joinPrometheusTexts(texts), /^luge_puts_total\{store="users"\} 0\nluge_puts_total\{store="sessions"\} 0$/m);
 * ```
 */
export function joinPrometheusTexts(texts: readonly string[]): string {
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === "string"))
    throw new TypeError("Cannot join the texts: expected an array of what prometheusText returned");
  const figures = new Map<string, string>();
  for (const [, description = "", samples = ""] of texts.join("").matchAll(FIGURE))
    figures.set(description, (figures.get(description) ?? "") + samples);
  return [...figures].flat().join("");
}
