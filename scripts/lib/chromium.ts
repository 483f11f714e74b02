/**
 * The machine's own chromium, through playwright-core: for tests of pages, for pictures and for frame times.
 *
 * @module
 */

import { existsSync } from "node:fs";
import process from "node:process";
import { type Browser, chromium } from "playwright-core";

/** Where systems have it. `CHROMIUM` comes first. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** The program; `undefined` if there is none. */
export function chromiumProgram(places: readonly string[] = PLACES): string | undefined {
  return [process.env.CHROMIUM ?? "", ...places].find((place) => place !== "" && existsSync(place));
}

/** Starts it without a window, with more arguments. Throws if there is none. */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = chromiumProgram();
  if (executablePath === undefined) throw new Error("There is no chromium: apt-get install chromium, or set CHROMIUM");
  // Root, as in containers, has no sandbox, and often little shared memory. The pages are the project's own.
  const ofRoot = process.getuid?.() === 0 ? ["--no-sandbox", "--disable-dev-shm-usage"] : [];
  return await chromium.launch({ executablePath, args: [...ofRoot, ...more] });
}
