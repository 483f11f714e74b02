/**
 * The pictures of the studio in `docs/studio/`, which the pages show.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { open, type SledStore } from "../../mod.ts";
import { loadPage } from "../../src/studio/page_source.ts";
import type { StudioPlace } from "../../src/studio/place.ts";
import { startStudio } from "../../src/studio/studio.ts";
import { launchChromium } from "../lib/chromium.ts";
import { readOptions } from "../lib/options.ts";
import { ROOT } from "../lib/runtimes.ts";
import { smallerPng } from "../lib/smaller_png.ts";

readOptions({});
const PICTURES = join(ROOT, "docs", "studio");
/** Pages load all of their pictures. */
const MOST_BYTES = 100_000;
const SIZE = { width: 1100, height: 640 };
const PHONE = { width: 375, height: 620 };

const CITIES = ["berlin", "bern", "lima", "lyon", "oslo", "porto", "quito", "riga", "turin", "wien"];

/** A small shop, with a history. */
async function fill(store: SledStore): Promise<void> {
  await store.batch(
    Array.from({ length: 20_000 }, (_, i) => {
      const city = CITIES[i % CITIES.length];
      const value = JSON.stringify({ id: i, city, total: (i * 37) % 500 });
      return { type: "put", key: `order/${city}/${String(i).padStart(6, "0")}`, value };
    }),
  );
  await store.batch(
    Array.from({ length: 3000 }, (_, i) => ({
      type: "put",
      key: `user/${String(i).padStart(5, "0")}`,
      value: `{"name":"Ada ${i}"}`,
    })),
  );
  await store.put("session/7f3a", "ada", { ttl: 5_400_000 });
  for (const [total, items] of [
    [12, ["tea"]],
    [19, ["tea", "cup"]],
    [26, ["tea", "cup", "honey"]],
  ] as const) {
    await store.put("cart/ada", JSON.stringify({ total, items, paid: total > 20 }));
  }
  await store.compact();
  // What a compaction could free again.
  await store.batch(
    Array.from({ length: 4000 }, (_, i) => ({
      type: "put",
      key: `user/${String(i % 1500).padStart(5, "0")}`,
      value: `{"visits":${i}}`,
    })),
  );
}

function placeOf(store: SledStore): StudioPlace {
  return {
    name: "shop",
    kind: "directory",
    store,
    canWrite: true,
    isLive: true,
    metrics: async () => store.metrics(),
    latencies: async () => store.latencies(),
    verify: (signal) => store.verify({ signal }),
    compact: (signal) => store.compact({ signal }),
    backups: {
      directory: "backups",
      list: async () =>
        [0, 1, 2, 3].map((i) => ({
          file: i === 0 ? "sunday.backup" : `${["monday", "tuesday", "wednesday"][i - 1]}.backup.gz`,
          size: i === 0 ? 1_840_000 : 21_000 * i,
          from: i === 0 ? 0 : 400 + i * 90,
          to: 490 + i * 90,
          created: Date.UTC(2026, 0, 4 + i, 3),
          isIncrement: i > 0,
        })),
      make: async () => "full.backup",
      restore: async (_, name) => name,
    },
  };
}

async function take(page: Page, name: string): Promise<void> {
  const path = join(PICTURES, `${name}.png`);
  const picture = smallerPng(await page.screenshot({ animations: "disabled" }));
  const size = picture.length;
  writeFileSync(path, picture);
  console.log(`${path}: ${size} bytes`);
  if (size > MOST_BYTES) throw new Error(`'${path}' has ${size} bytes: expected at most ${MOST_BYTES}`);
}

const directory = mkdtempSync(join(tmpdir(), "luge-pictures-"));
const store = await open({ path: join(directory, "shop"), numVersionsToKeep: 10, syncWrites: false });
const browser = await launchChromium();
try {
  await fill(store);
  mkdirSync(PICTURES, { recursive: true });
  const studio = await startStudio({ place: placeOf(store), page: await loadPage(), host: "127.0.0.1", port: 0 });
  const opened = async (options: object) => {
    const page = await browser.newPage({ viewport: SIZE, reducedMotion: "reduce", ...options });
    await page.goto(studio.url);
    await page.locator(".list .row").first().waitFor();
    return page;
  };
  const page = await opened({});
  await page.locator(".tree .branch", { hasText: "user/" }).waitFor();
  await page.click('.list .row:has-text("cart/ada")');
  await page.locator(".diff td.added").first().waitFor();
  await take(page, "browse");
  await page.click("nav >> text=Changes");
  await page.click("text=From the beginning");
  await page.locator(".feed tbody tr").first().waitFor();
  for (let i = 0; i < 14; i++) await store.put(`session/${(i * 7919).toString(16)}`, `user ${i}`, { ttl: 60_000 });
  await page.locator(".feed td.key", { hasText: `session/${(13 * 7919).toString(16)}` }).waitFor();
  await take(page, "changes");
  await page.click("nav >> text=Space");
  await page.locator(".bars", { hasText: "order/" }).waitFor();
  await page.click("text=Verify");
  await page.locator(".task", { hasText: "no damage" }).waitFor();
  await take(page, "space");
  await page.click("nav >> text=Backups");
  await page.locator(".chain li").nth(3).waitFor();
  await take(page, "backups");
  await page.close();
  const dark = await opened({ colorScheme: "dark" });
  await dark.click("nav >> text=Figures");
  // A few samples, so that the charts have lines.
  for (let samples = 0; samples < 5; samples++) {
    await Promise.all([
      dark.waitForResponse((response) => response.url().endsWith("/api/metrics")),
      store.put("tick", `${samples}`),
    ]);
    for (let i = 0; i < 40 * samples; i++) await store.put(`tick/${i}`, "1");
  }
  await dark.fill("#metric-filter", "put");
  await take(dark, "figures");
  await dark.close();
  const phone = await opened({ viewport: PHONE, colorScheme: "dark" });
  await phone.locator(".count", { hasText: "keys" }).waitFor();
  await take(phone, "phone");
  await studio.close();
} finally {
  await browser.close();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
