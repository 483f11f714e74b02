/**
 * The pages are in order: link targets, files and names exist, lines are short, and words are plain.
 */

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { anchorsOf, fencesOf, pageFiles, proseOf, readPage } from "../support/pages.ts";

const PAGES = pageFiles();
const LONGEST_LINE = 100;
const MOST_LINES_OF_README = 250;

nodeTest("the README is short, and has a link to every page of the guide", () => {
  const readme = readPage("README.md");
  assert.ok(readme.split("\n").length <= MOST_LINES_OF_README + 1, `it has ${readme.split("\n").length - 1} lines`);
  const guide = PAGES.filter((file) => file.startsWith("docs/guide/"));
  assert.ok(guide.length >= 15, `only ${guide.length} pages`);
  assert.deepEqual(
    guide.filter((file) => !readme.includes(`](${file})`)),
    [],
  );
});

nodeTest("a page of the guide has a number, and one question as its title", () => {
  const guide = PAGES.filter((file) => file.startsWith("docs/guide/"));
  for (const [i, file] of guide.entries()) {
    assert.ok(file.startsWith(`docs/guide/${String(i + 1).padStart(2, "0")}-`), `${file} has not the number ${i + 1}`);
    const titles = [...proseOf(file).matchAll(/^# (.*)$/gm)].map(([, title]) => title);
    assert.equal(titles.length, 1, file);
    assert.match(titles[0] ?? "", /\?$/, `the title of ${file} is no question`);
  }
});

nodeTest("the first page of the design has a link to every other page", () => {
  const design = PAGES.filter((file) => file.startsWith("docs/design/") && !file.endsWith("README.md"));
  const text = readPage("docs/design/README.md");
  assert.ok(design.length > 5);
  assert.deepEqual(
    design.filter((file) => !text.includes(`](${relative("docs/design", file)})`)),
    [],
  );
});

nodeTest("links between pages point to an existing file and heading", () => {
  const broken: string[] = [];
  let links = 0;
  for (const file of PAGES) {
    for (const [, target = ""] of proseOf(file).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)) {
      links += 1;
      const [path = "", anchor] = target.split("#");
      const found = path === "" ? file : join(dirname(file), path);
      const isThere = existsSync(join(ROOT, found));
      if (isThere && (anchor === undefined || anchorsOf(found).includes(anchor))) continue;
      broken.push(`${file}: ${target}`);
    }
  }
  assert.ok(links > 100);
  assert.deepEqual(broken, []);
});

nodeTest(`no line of a page is above ${LONGEST_LINE} characters, except in tables`, () => {
  const long = PAGES.flatMap((file) =>
    readPage(file)
      .split("\n")
      .flatMap((line, i) => {
        const mayBeLong = /^\s*(?:\||!\[|<!--)/.test(line) || !/\S\s+\S/.test(line.trim().replace(/^[-*] /, ""));
        return [...line].length > LONGEST_LINE && !mayBeLong ? [`${file}:${i + 1}`] : [];
      }),
  );
  assert.deepEqual(long, []);
});

/**
 * The languages of code blocks. A test checks each language: see documentation.test.ts and tests/cli/examples.test.ts.
 */
const LANGUAGES = ["ts", "ts no-run", "js", "console", "sh", "text", "mermaid"];

nodeTest("every block of code says its language, so that nothing escapes the checks", () => {
  const others = PAGES.flatMap((file) =>
    fencesOf(file).flatMap(({ language, line }) =>
      LANGUAGES.includes(language) ? [] : [`${file}:${line} has '${language}'`],
    ),
  );
  assert.deepEqual(others, []);
});

nodeTest("every npm command and every file that a page names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const missing: string[] = [];
  let [commands, files] = [0, 0];
  for (const file of PAGES) {
    const text = readPage(file);
    for (const [, name = ""] of text.matchAll(/\bnpm run (?:--silent )?([\w:]*\w)/g)) {
      commands += 1;
      if (!(name in scripts)) missing.push(`${file}: npm run ${name}`);
    }
    const paths = text.matchAll(/(?<![\w/.@-])(?:src|engine|tests|scripts|examples|std)\/[\w/.*{},-]*\w[\w/.*{}-]*/g);
    for (const [found] of paths) {
      const path = found.replace(/[.,]+$/, "");
      files += 1;
      if (!isMade(path) && globSync(path, { cwd: ROOT }).length === 0) missing.push(`${file}: ${path}`);
    }
  }
  assert.ok(commands > 10 && files > 50);
  assert.deepEqual(missing, []);
});

/** Whether a path exists only after a build. */
function isMade(path: string): boolean {
  return /^engine\/target(?:\/|$)/.test(path);
}

nodeTest("pages cite names, never the numbers of lines", () => {
  const cited = PAGES.flatMap((file) => {
    const text = readPage(file);
    return [/\.(?:ts|rs)`?:\d+/g, /\.(?:ts|rs)`?,? (?:lines? )?\d+/g, /\blines? \d+ of\b/g].flatMap((pattern) =>
      [...text.matchAll(pattern)].map(([found]) => `${file}: ${found}`),
    );
  });
  assert.deepEqual(cited, []);
});

/** A name in code: `Type::method`, `object.method`, `CONSTANT`, `snake_case`, `call()`. */
const NAME = /^[A-Za-z_]\w*(?:(?:::|\.)#?[A-Za-z_]\w*)*(?:\(\))?$/;

nodeTest("the code has the names that the design pages cite", () => {
  const sources = [
    "mod.ts",
    "tsconfig.json",
    "src/**/*.ts",
    "scripts/**/*.ts",
    "tests/**/*.ts",
    "engine/**/*.{rs,toml}",
  ];
  const code = globSync(sources, { cwd: ROOT })
    .filter((file) => !isMade(file) && file !== "src/wasm/artefact.ts")
    .map((file) => readFileSync(join(ROOT, file), "utf8"))
    .join("\n");
  const words = new Set(code.match(/\w+/g));
  const design = PAGES.filter((file) => /^(?:docs\/(?:design\/|format)|ARCHITECTURE|RELIABILITY)/.test(file));
  const unknown: string[] = [];
  let names = 0;
  for (const file of design) {
    for (const [, text = ""] of proseOf(file).matchAll(/`([^`\n]+)`/g)) {
      if (!NAME.test(text) || !/_|::|\(\)|[a-z][A-Z]/.test(text)) continue;
      names += 1;
      const parts = text.match(/\w+/g) ?? [];
      if (!parts.every((part) => words.has(part))) unknown.push(`${file}: ${text}`);
    }
  }
  assert.ok(names > 50);
  assert.deepEqual(unknown, []);
});

/** Words that mark a sentence to rewrite: say who does what. */
const FILLERS = [
  /\bwhoever\b/i,
  /\bof which\b/i,
  /\bgives? [^.|]{0,60}\bback\b/i,
  /\bgiven back\b/i,
  /\b(?:is|are) gone\b/i,
  /\bleads? to\b/i,
  /\bin front of\b/i,
  /\balso over\b/i,
];

nodeTest("pages have none of the fillers", () => {
  const found = PAGES.flatMap((file) => {
    const text = proseOf(file)
      .replace(/`[^`]*`/g, "")
      .replace(/\s+/g, " ");
    return FILLERS.flatMap((filler) => {
      const at = filler.exec(text);
      return at ? [`${file}: …${text.slice(Math.max(0, at.index - 30), at.index + 50)}…`] : [];
    });
  });
  assert.deepEqual(found, []);
});

/** Questions of newcomers, in the words of the README, with the page and heading that answer them. */
const NEWCOMERS: readonly (readonly [question: string, page: string, heading: string])[] = [
  ["How do I read a range, or page through a prefix?", "docs/guide/02-keys-and-ranges.md", "page-through-a-prefix"],
  ["What survives a power cut?", "docs/guide/01-writes-and-durability.md", "what-survives-a-power-cut"],
  ["How do I test?", "docs/guide/09-testing.md", "how-do-i-test-code-that-uses-luge"],
  ["What does this error mean?", "docs/guide/15-troubleshooting.md", "error-codes"],
  ["How do I run two processes?", "docs/guide/10-processes.md", "how-do-i-use-one-store-from-two-processes"],
];

nodeTest("the questions of a newcomer are answered two steps from the README", () => {
  const rows = readPage("README.md").split("\n");
  for (const [question, page, heading] of NEWCOMERS) {
    const row = rows.find((line) => line.startsWith("|") && line.includes(question)) ?? assert.fail(question);
    assert.ok(row.includes(`](${page})`), row);
    assert.ok(anchorsOf(page).includes(heading), `${page}#${heading}`);
  }
});
