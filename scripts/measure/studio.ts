/**
 * How smoothly the studio's list scrolls: the time of each frame in a real browser, and how long a jump takes until rows are
 * there.
 *
 * ```sh
 * node scripts/measure.ts studio [--keys 10000000]
 * ```
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { open } from "../../mod.ts";
import { loadPage } from "../../src/studio/page_source.ts";
import { startStudio } from "../../src/studio/studio.ts";
import { launchChromium } from "../lib/chromium.ts";
import { count, readOptions } from "../lib/options.ts";

const { keys } = readOptions({ keys: count("how many keys", 1_000_000) });
/** Keys per commit of the load. */
const BATCH = 20_000;
/** How long each kind of scrolling lasts, in milliseconds. */
const SCROLL_MS = 5000;
/** Pixels a frame; a row has 28. */
const SPEEDS = { "slowly, 10 px a frame": 10, "quickly, 140 px a frame": 140, "very quickly, 1,000 px a frame": 1000 };
const JUMPS = 20;

/** The times of frames in milliseconds while the list scrolls. */
function framesWhileScrolling(page: Page, pixels: number): Promise<number[]> {
  return page.locator(".list").evaluate(
    (list, { pixels, ms }) =>
      new Promise<number[]>((resolve) => {
        const times: number[] = [];
        const started = performance.now();
        let before = started;
        const frame = (now: number) => {
          times.push(now - before);
          before = now;
          list.scrollTop += pixels;
          if (now - started < ms) requestAnimationFrame(frame);
          else resolve(times.slice(1));
        };
        requestAnimationFrame(frame);
      }),
    { pixels, ms: SCROLL_MS },
  );
}

/** How long a jump takes until a row is in sight, in milliseconds. */
function jump(page: Page, part: number): Promise<number> {
  return page.locator(".list").evaluate(
    (list, part) =>
      new Promise<number>((resolve) => {
        const started = performance.now();
        list.scrollTop = (list.scrollHeight - list.clientHeight) * part;
        const look = () => {
          const { top, bottom } = list.getBoundingClientRect();
          const isThere = [...list.querySelectorAll(".row")].some((row) => {
            const box = row.getBoundingClientRect();
            return box.top < bottom && box.bottom > top;
          });
          if (isThere) resolve(performance.now() - started);
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
    part,
  );
}

function summary(times: readonly number[]): Record<string, number> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(1));
  return { times: times.length, median: at(0.5), "95 %": at(0.95), "99 %": at(0.99), longest: at(1) };
}

const directory = mkdtempSync(join(tmpdir(), "luge-studio-"));
const store = await open({ path: join(directory, "store"), syncWrites: false });
const browser = await launchChromium();
try {
  const loading = performance.now();
  for (let from = 0; from < keys; from += BATCH) {
    await store.batch(
      Array.from({ length: Math.min(BATCH, keys - from) }, (_, i) => ({
        type: "put",
        key: `user/${String(from + i).padStart(9, "0")}/profile`,
        value: `{"id":${from + i},"name":"Ada"}`,
      })),
    );
  }
  console.log(`${keys} keys loaded in ${((performance.now() - loading) / 1000).toFixed(1)} s`);
  const place = { name: "measured", kind: "directory", store, canWrite: false, isLive: false } as const;
  const studio = await startStudio({ place, page: await loadPage(), host: "127.0.0.1", port: 0 });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(120_000);
  const opening = performance.now();
  await page.goto(studio.url);
  await page.locator(".list .row").first().waitFor();
  console.log(`The first rows after ${Math.round(performance.now() - opening)} ms`);
  const landmarks = page.waitForResponse((response) => response.url().endsWith("/api/landmarks"));
  await landmarks;
  console.log(`Everything to jump by after ${Math.round(performance.now() - opening)} ms`);
  const rows: Record<string, object> = {};
  for (const [name, pixels] of Object.entries(SPEEDS)) rows[name] = summary(await framesWhileScrolling(page, pixels));
  const jumps: number[] = [];
  for (let i = 0; i < JUMPS; i++) jumps.push(await jump(page, ((i * 7) % JUMPS) / JUMPS + 0.02));
  rows["a jump, until rows are there"] = summary(jumps);
  console.log("Milliseconds a frame; 60 frames a second are 16.7 ms");
  console.table(rows);
  await studio.close();
} finally {
  await browser.close();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
