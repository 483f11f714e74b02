/**
 * The site: its links, its search, its playground, and that everybody can use it.
 */

import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { ROOT } from "../../scripts/lib/runtimes.ts";
import { buildSite } from "../../scripts/lib/site/build.ts";
import { checkLinks } from "../../scripts/lib/site/links.ts";
import { render } from "../../scripts/lib/site/markdown.ts";
import { groupsOf } from "../../scripts/lib/site/pages.ts";
import { readIndex, search } from "../../scripts/lib/site/search.ts";
import { browserTest, type Files, withPage } from "../support/chromium.ts";
import { nodeTest } from "../support/node_only.ts";
import { anchorsOf, pageFiles } from "../support/pages.ts";
import { withDirectory } from "../support/temporary.ts";
import { QUESTIONS } from "./questions.ts";

const NOBODY = { repository: null, site: null };
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

const withSite = (use: (directory: string) => Promise<void>) =>
  withDirectory(async (directory) => {
    await buildSite(directory, { publisher: NOBODY, reference: false });
    await use(directory);
  });

/** The files of a site below a folder of the server, as GitHub has them. */
function served(directory: string): Files {
  const files = globSync("**/*.*", { cwd: directory }).filter((file) => extname(file) in TYPES);
  const served = files.map((file) => {
    const body = readFileSync(join(directory, file));
    return [`/luge/${file}`, { type: TYPES[extname(file)] ?? "", body }] as const;
  });
  return Object.fromEntries(served);
}

nodeTest("every page is on the site, and no link between them is broken", () =>
  withSite(async (directory) => {
    const sources = groupsOf().flatMap(({ pages }) => pages.map(({ source }) => source));
    assert.deepEqual(
      pageFiles().filter((page) => !sources.includes(page)),
      [],
    );
    const { pages, links, broken } = checkLinks(directory);
    // Only the reference is missing here: it takes ten seconds.
    assert.deepEqual(
      broken.filter((link) => !/: (?:\.\.\/)?reference\/index\.html$/.test(link)),
      [],
    );
    assert.ok(pages > 55 && links > 4000, `${links} links in ${pages} pages`);
    assert.equal(broken.length, pages);
  }),
);

nodeTest("a link to nowhere is found: no file, no anchor, a folder without a page, an absolute path", () =>
  withDirectory(async (directory) => {
    mkdirSync(join(directory, "empty"));
    mkdirSync(join(directory, "full"));
    writeFileSync(join(directory, "full", "index.html"), '<p id="there">');
    const links = [
      "no.html",
      "#no",
      "full/#there",
      "full/index.html#no",
      "empty/",
      "/full/",
      "https://example.org/",
      "#a%20b",
    ];
    const html = links.map((link) => `<a class="x" href="${link}">`).join("");
    writeFileSync(join(directory, "index.html"), `<h1 id="a b">${html}<img src="no.png"><pre><a href="code"></pre>`);
    const report = checkLinks(directory);
    assert.deepEqual(report, {
      pages: 2,
      links: 8,
      outside: 1,
      broken: ["no.html", "#no", "full/index.html#no", "empty/", "/full/", "no.png"].map(
        (link) => `index.html: ${link}`,
      ),
    });
  }),
);

nodeTest("headings have the anchors that GitHub gives them", () => {
  for (const page of ["README.md", "docs/guide/13-bundlers.md", "RELIABILITY.md"]) {
    const { sections } = render(readFileSync(join(ROOT, page), "utf8"), (target) => target);
    const anchors = sections.map(({ anchor }) => anchor.replace(/-\d$/, ""));
    assert.deepEqual(
      anchors,
      anchorsOf(page).map((anchor) => anchor.replace(/-\d$/, "")),
      page,
    );
  }
});

nodeTest("the search answers questions: the right page is among the first three", () =>
  withSite(async (directory) => {
    const index = readIndex(readFileSync(join(directory, "search.json"), "utf8"));
    const wrong = QUESTIONS.flatMap(([question, page]) => {
      const found = search(index, question, 3).map(({ id }) => id);
      return found.some((id) => id.startsWith(page)) ? [] : [`${question}: ${found.join(", ")}`];
    });
    assert.deepEqual(wrong, []);
    assert.ok(QUESTIONS.length >= 10);
    assert.deepEqual(search(index, "xylophone"), []);
    assert.deepEqual(search(index, "how do I"), []);
  }),
);

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Axe {
  run(): Promise<{ violations: readonly { id: string; nodes: readonly { html: string }[] }[] }>;
}

browserTest("axe finds nothing, in light and dark, on wide and narrow screens, and nothing comes from elsewhere", () =>
  withSite(async (directory) => {
    const paths = ["index.html", "guide/17-options-and-limits.html", "design/index.html", "playground.html"];
    await withPage(served(directory), "/luge/index.html", async ({ page, origin, errors }) => {
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      for (const path of paths) {
        for (const [colorScheme, width] of [
          ["light", 1280],
          ["dark", 390],
        ] as const) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 800 });
          await page.goto(`${origin}/luge/${path}`);
          // Over the debugger, since the policy of the page lets no other script in.
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
          assert.deepEqual(found, [], `${path}, ${colorScheme}`);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${path} is ${overflow} px wider than ${width} px`);
        }
      }
      assert.deepEqual(errors, []);
      assert.deepEqual(
        asked.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:")),
        [],
      );
      assert.ok(asked.length > paths.length * 2);
    });
  }),
);

browserTest("the search works with the keyboard alone", () =>
  withSite(async (directory) => {
    await withPage(served(directory), "/luge/guide/01-writes-and-durability.html", async ({ page, errors }) => {
      await page.keyboard.press("/");
      await page.keyboard.type("restore a backup");
      await page.locator("#results li").first().waitFor();
      assert.equal(await page.getAttribute("#question", "aria-expanded"), "true");
      await page.keyboard.press("ArrowDown");
      assert.equal(await page.getAttribute("#question", "aria-activedescendant"), "result-0");
      assert.equal(await page.getAttribute("#result-0", "aria-selected"), "true");
      await page.keyboard.press("ArrowUp");
      const last = (await page.locator("#results li").count()) - 1;
      assert.equal(await page.getAttribute("#question", "aria-activedescendant"), `result-${last}`);
      await page.keyboard.press("Escape");
      assert.equal(await page.locator("#results").isVisible(), false);
      await page.keyboard.type(" ");
      await page.locator("#results li").first().waitFor();
      await Promise.all([page.waitForURL("**/luge/guide/08-backups.html*"), page.keyboard.press("Enter")]);
      assert.deepEqual(errors, []);
    });
  }),
);

browserTest("the playground runs each example, shows errors as text, and stops an endless program", () =>
  withSite(async (directory) => {
    await withPage(served(directory), "/luge/playground.html", async ({ page, errors }) => {
      const output = page.locator("#output");
      const printed = async (last: string): Promise<string> => {
        await page.locator("#output", { hasText: last }).waitFor({ timeout: 60_000 });
        return (await output.textContent()) ?? "";
      };
      const expected: Readonly<Record<string, RegExp>> = {
        "First use": /^city\/berlin 3,700,000\ncity\/bern 137,000\n— done/,
        Transaction: /^70 50\n— done/,
        Watch: /^put a\/1 in version 1\nput a\/2 in version 2\ndelete a\/1 in version 3\n— done/,
        "Versions and tuples": /^\["ada",1\] \{"points":8\}\n\["alan",2\] \{"points":5\}\n1 entry before\n— done/,
      };
      const names = await page.locator("#example option").allTextContents();
      assert.deepEqual(names, Object.keys(expected));
      for (const name of names) {
        await page.selectOption("#example", name);
        await page.click("#run");
        assert.match(await printed("— "), expected[name] ?? / /, name);
      }
      await page.fill(
        "#code",
        'import { open } from "@luge/luge";\nconsole.log("<b>no markup</b>");\nawait open("data");',
      );
      await page.click("#run");
      assert.match(await printed("— StoreError"), /^<b>no markup<\/b>\n— StoreError: .*no directories/);
      assert.equal(await output.locator("b").count(), 0);
      await page.fill("#code", 'console.log("begins");\nfor (;;) {}');
      await page.keyboard.press("Control+Enter");
      await printed("begins");
      await page.click("#stop");
      assert.match(await printed("— stopped"), /^begins\n— stopped\n$/);
      assert.deepEqual(errors, []);
    });
  }),
);
