/**
 * Templates of keys, such as `user:{id}`.
 *
 * @module
 */

import { shown } from "../encodings.ts";
import { UsageError } from "../exit_codes.ts";

/** A template: texts, and the names of columns between them. */
export interface Template {
  /** One more than there are names. */
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

// A brace twice, a name in braces, text without braces, or a brace that is wrong.
const PART = /(?<twice>\{\{|\}\})|\{(?<name>[^{}]+)\}|(?<text>[^{}]+)|(?<wrong>[{}])/g;

/** Parses a template. `{{` and `}}` are braces. A template without a name would give each row the same key. */
export function templateOf(template: string): Template {
  const [texts, names]: [string[], string[]] = [[""], []];
  for (const { groups = {} } of template.matchAll(PART)) {
    if (groups.wrong !== undefined) {
      throw new UsageError(`Wrong key ${shown(template)}: expected a name in braces, such as user:{id}; {{ is a brace`);
    }
    if (groups.name === undefined) texts[texts.length - 1] += groups.text ?? groups.twice?.[0] ?? "";
    else {
      names.push(groups.name);
      texts.push("");
    }
  }
  if (names.length > 0) return { texts, names };
  throw new UsageError(`Wrong key ${shown(template)}: expected a name in braces, such as user:{id}`);
}

/** The text of a template, with the value of each name. */
export function filled({ texts, names }: Template, fill: (name: string) => string): string {
  return texts.map((text, i) => text + (i < names.length ? fill(names[i] as string) : "")).join("");
}
