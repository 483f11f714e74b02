/**
 * The studio in a real browser.
 *
 * @module
 */

import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import type { AsyncStore } from "../../mod.ts";
import { launchChromium } from "../../scripts/lib/chromium.ts";
import { loadPage } from "../../src/studio/page_source.ts";
import type { Studio } from "../../src/studio/studio.ts";
import { type Started, withStudio } from "./started.ts";

/** A name that somebody made point to this machine. */
export const REBOUND = "attacker.example";
const NAMES: readonly string[] = [`--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`];

/** How long the page may take for one step: the machine may be busy. It never waits longer than it must. */
const STEP_MS = 60_000;

let running: Promise<Browser> | undefined;

/** Ends the browser, if one runs. */
export async function closeBrowser(): Promise<void> {
  await (await running)?.close();
  running = undefined;
}

/** What a test sees. */
export interface Shown {
  readonly page: Page;
  readonly studio: Studio;
  readonly store: AsyncStore;
  /** What went wrong on the page so far: errors, refusals by its policy, requests elsewhere. */
  readonly problems: readonly string[];
}

/** How the page is shown. */
export interface ShowOptions extends Started {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
}

/** Opens the studio of a store in the browser, and calls `use`. */
export async function withPage(options: ShowOptions, use: (shown: Shown) => Promise<void>): Promise<void> {
  const { width = 1280, height = 800, colorScheme = "light", ...started } = options;
  running ??= launchChromium(NAMES);
  const browser = await running;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(STEP_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    // An answer that is no success is one of the things that the page shows.
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) problems.push(message.text());
  });
  try {
    await withStudio({ page: await loadPage(), ...started }, async (studio, store) => {
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(studio.origin) && !/^(?:blob|data):/.test(url)) problems.push(`a request to ${url}`);
      });
      await page.goto(studio.url);
      await use({ page, studio, store, problems });
    });
  } finally {
    await context.close();
  }
}

/** What axe finds on the page as it is, as texts. */
export async function axeFindings(page: Page): Promise<string[]> {
  // The policy of the page refuses scripts, those of the test, too. So axe runs in a world of its own.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const evaluate = async (expression: string) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as unknown;
  };
  const { source } = createRequire(import.meta.url)("axe-core") as { source: string };
  await evaluate(source);
  const found = await evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => id + ": " + help + " at " + target.join(" ") + " – " + failureSummary)))`);
  await session.detach();
  return found as string[];
}
