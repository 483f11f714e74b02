/**
 * The badges of the README. They need the address of the repository, so a project without one has none.
 *
 * @module
 */

import type { Publisher } from "./publisher.ts";

const BEGIN = "<!-- Written by scripts/build.ts badges: begin -->";
const END = "<!-- Written by scripts/build.ts badges: end -->";

/** One line with the badges; empty without a repository. */
export function badgesOf(name: string, { repository }: Publisher): string {
  if (repository === null) return "";
  const checks = `${repository}/actions/workflows/check.yml`;
  return [
    `[![checks](${checks}/badge.svg)](${checks})`,
    `[![npm](https://img.shields.io/npm/v/${name})](https://www.npmjs.com/package/${name})`,
    `[![JSR](https://jsr.io/badges/${name})](https://jsr.io/${name})`,
    `[![licence](https://img.shields.io/npm/l/${name})](LICENSE)`,
  ].join(" ");
}

/** `markdown` with these badges between its two marks. Throws an `Error` if it does not have them. */
export function withBadges(markdown: string, badges: string): string {
  const [start, end] = [markdown.indexOf(BEGIN), markdown.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`The README has no place for badges: expected '${BEGIN}' and '${END}'`);
  const between = badges === "" ? "\n" : `\n\n${badges}\n\n`;
  return `${markdown.slice(0, start + BEGIN.length)}${between}${markdown.slice(end)}`;
}
