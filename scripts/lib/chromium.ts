/**
 * Debian's chromium, for what looks at the studio's page.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Debian's package `chromium` has it. */
export const CHROMIUM = "/usr/bin/chromium";

/** Whether it is installed. */
export function hasChromium(): boolean {
  return existsSync(CHROMIUM);
}

/** Starts it without a window, with more arguments. Throws if it is not installed. */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  if (!hasChromium()) throw new Error(`Cannot find ${CHROMIUM}: install Debian's package chromium`);
  // Root, and a container, have no sandbox of their own.
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...more],
  });
}
