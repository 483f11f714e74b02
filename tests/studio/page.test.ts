/**
 * The page of the studio in a browser: what people see and do.
 */

import assert from "node:assert/strict";
import { after } from "node:test";
import type { Page } from "playwright-core";
import { MemoryStore } from "../../mod.ts";
import { messagePackCodec } from "../../src/codecs/messagepack/mod.ts";
import { cloneCodec } from "../../src/codecs/mod.ts";
import { encodeTuple } from "../../src/keys/mod.ts";
import type { StudioPlace } from "../../src/studio/place.ts";
import { browserTest } from "../support/chromium.ts";
import { axeFindings, closeBrowser, withPage } from "./browser.ts";

after(closeBrowser);

/** A picture of one pixel. */
const PNG = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0),
);

async function shop(): Promise<MemoryStore> {
  const store = new MemoryStore({ numVersionsToKeep: 20 });
  await store.batch(
    Array.from({ length: 3000 }, (_, i) => ({
      type: "put",
      key: `user/${String(i).padStart(6, "0")}/name`,
      value: `name ${i}`,
    })),
  );
  await store.put("order/1", '{"total":1,"items":["tea"]}');
  await store.put("order/1", '{"total":2,"items":["tea","cup"]}');
  await store.put("session/1", "ada", { ttl: 3_600_000 });
  return store;
}

function able(store: MemoryStore): Partial<StudioPlace> {
  return {
    metrics: async () => store.metrics(),
    latencies: async () => store.latencies(),
    slow: () => [{ time: 0, message: "Slow commit: 70 ms" }],
    verify: (signal) => store.verify({ signal }),
    compact: (signal) => store.compact({ signal }),
    backups: {
      directory: "backups",
      list: async () => [
        { file: "full.backup", size: 100, from: 0, to: 5, created: 0, isIncrement: false },
        { file: "next.backup", size: 10, from: 5, to: 9, created: 0, isIncrement: true },
        { file: "lost.backup", size: 10, from: 20, to: 30, created: 0, isIncrement: true },
        { file: "notes.txt", size: 1, problem: "it is no backup" },
      ],
      make: async () => "made.backup",
      restore: async (_, name) => `backups/${name}`,
    },
  };
}

const row = (page: Page, text: string) => page.locator(".list .row", { hasText: text }).first();

async function choose(page: Page, key: string): Promise<void> {
  await page.fill("#filter", key);
  await row(page, key).click();
  await page.locator(".detail h2", { hasText: key }).waitFor();
}

browserTest("shows keys, a value, its versions side by side, and the store as it was", async () => {
  const store = await shop();
  await withPage({ store }, async ({ page, problems, studio }) => {
    await page.locator(".count", { hasText: /^3,002 keys/ }).waitFor();
    assert.ok(!page.url().includes(studio.token), "the address keeps the token");
    await choose(page, "order/1");
    await page.locator(".folded", { hasText: "total: 2" }).waitFor();
    await page.locator(".diff td.removed", { hasText: '"total": 1' }).waitFor();
    await page.locator(".diff td.added", { hasText: '"total": 2' }).waitFor();
    await page.locator(".time input").fill("2");
    await page.locator(".folded", { hasText: "total: 1" }).waitFor();
    assert.equal(await page.locator("text=Delete these keys").count(), 0, "the past cannot be changed");
    await page.click("text=Now");
    await page.locator(".folded", { hasText: "total: 2" }).waitFor();
    await page.reload();
    await page.locator(".count", { hasText: /^3,002 keys/ }).waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("moves through the list by keyboard alone", async () => {
  await withPage({ store: await shop() }, async ({ page, problems }) => {
    await row(page, "order/1").waitFor();
    await page.keyboard.press("l");
    await page.keyboard.press("ArrowDown");
    await page.locator(".detail h2", { hasText: "order/1" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.locator(".detail h2", { hasText: "session/1" }).waitFor();
    await page.keyboard.press("End");
    await page.locator(".detail h2", { hasText: "user/002999/name" }).waitFor();
    await page.keyboard.press("PageUp");
    await page.locator(".detail h2", { hasText: /user\/0029[0-8]/ }).waitFor();
    await page.keyboard.press("Home");
    await page.locator(".detail h2", { hasText: "order/1" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.activeElement?.id === "detail");
    await page.keyboard.press("/");
    await page.keyboard.type("user/00100");
    await page.locator(".count", { hasText: /^10 keys/ }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("name 1007");
    await page.keyboard.press("Enter");
    await page.locator(".hits .row", { hasText: "user/001007/name" }).waitFor();
    await page.locator(".count", { hasText: "1 found in 10 entries. Done." }).waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("scrolls to any place of a long list, and to its ends", async () => {
  const store = new MemoryStore();
  const entries = Array.from(
    { length: 60_000 },
    (_, i) => ({ type: "put", key: `k/${String(i).padStart(6, "0")}`, value: "" }) as const,
  );
  await store.batch(entries);
  await withPage({ store }, async ({ page, problems }) => {
    await row(page, "k/000000").waitFor();
    await page.locator(".count", { hasText: "keys" }).waitFor();
    const scrollTo = (part: number) =>
      page.locator(".list").evaluate((list, part) => {
        list.scrollTop = (list.scrollHeight - list.clientHeight) * part;
      }, part);
    const firstShown = async () => {
      const keys = await page.locator(".list .row").evaluateAll((rows) => {
        const top = document.querySelector(".list")?.getBoundingClientRect().top ?? 0;
        return rows
          .map((each) => ({ y: each.getBoundingClientRect().top, text: each.querySelector(".key")?.textContent ?? "" }))
          .filter(({ y }) => y >= top)
          .sort((a, b) => a.y - b.y)
          .map(({ text }) => text);
      });
      return Number(keys[0]?.slice(2) ?? Number.NaN);
    };
    await scrollTo(0.5);
    await page.waitForFunction(() => document.querySelectorAll(".list .row").length > 10);
    await page
      .locator(".list .row", { hasText: /k\/0[23]/ })
      .first()
      .waitFor();
    const middle = await firstShown();
    assert.ok(middle > 24_000 && middle < 36_000, `${middle}`);
    // Small steps are exact: each row is the one after the one above.
    for (let i = 0; i < 20; i++) await page.locator(".list").evaluate((list) => list.scrollBy(0, 280));
    await page.locator(".list .row", { hasText: `k/${String(middle + 200).padStart(6, "0")}` }).waitFor();
    const numbers = (await page.locator(".list .row .key").allTextContents())
      .map((text) => Number(text.slice(2)))
      .sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => (numbers[0] ?? 0) + i),
    );
    await page.locator(".count", { hasText: "about" }).waitFor();
    await page.click("text=Count");
    await page.locator(".count", { hasText: /^60,000 keys/ }).waitFor();
    await scrollTo(1);
    await row(page, "k/059999").waitFor();
    await scrollTo(0);
    await row(page, "k/000000").waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("shows a tree of prefixes, and of tuples", async () => {
  await withPage({ store: await shop() }, async ({ page }) => {
    await page.click('.tree .branch:has-text("user/")');
    await page.locator(".count", { hasText: /^3,000 keys/ }).waitFor();
    await page.click('[aria-label="Unfold user/"]');
    await page.locator(".tree ul ul", { hasText: "000007/" }).waitFor();
  });
  const store = new MemoryStore();
  for (const id of [7, 8]) await store.put(encodeTuple(["user", BigInt(id), "name"]), "Ada");
  await withPage({ store }, async ({ page, problems }) => {
    await row(page, '("user", 7n, "name")').waitFor();
    await page.click(`[aria-label='Unfold "user"']`);
    await page.click('.tree .branch:has-text("8n")');
    await page.locator(".count", { hasText: /^1 key,/ }).waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("shows values in every form", async () => {
  const store = new MemoryStore();
  await store.batch([
    { type: "put", key: "a-text", value: "line 1\nline 2" },
    { type: "put", key: "b-clone", value: cloneCodec().encode(new Map([["when", new Date(0)]])) },
    { type: "put", key: "c-pack", value: messagePackCodec().encode({ packed: [1, 2] }) },
    { type: "put", key: "d-png", value: PNG },
    { type: "put", key: "e-bytes", value: Uint8Array.of(0xff, 0xfe, 0) },
  ]);
  await withPage({ store }, async ({ page, problems }) => {
    for (const [key, found] of [
      ["a-text", "pre >> text=line 2"],
      ["b-clone", '.folded >> text="1970-01-01T00:00:00.000Z"'],
      ["c-pack", ".folded >> text=packed"],
      ["d-png", "img[alt*=png]"],
      ["e-bytes", "pre.hex >> text=ff fe 00"],
    ] as const) {
      await choose(page, key);
      await page.locator(`.value ${found}`).waitFor();
    }
    await choose(page, "d-png");
    await page.waitForFunction(() => document.querySelector("img")?.naturalWidth === 1);
    await page.selectOption(".show-as select", "hex");
    await page.locator("pre.hex", { hasText: "89 50 4e 47" }).waitFor();
    await page.selectOption(".show-as select", "json");
    await page.locator(".value .problem").waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("takes nothing in a key or a value for markup", async () => {
  const store = new MemoryStore();
  const evil = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='hacked'"><script>document.title='hacked'</script></svg>`;
  await store.batch([
    { type: "put", key: evil, value: evil },
    { type: "put", key: "svg", value: svg },
    { type: "put", key: "json", value: JSON.stringify({ [evil]: evil, __proto__: { a: evil } }) },
    { type: "put", key: "turned\u202eder", value: "\u202eabc" },
    // HTML that begins as a picture does.
    { type: "put", key: "gif", value: `GIF89a${evil}` },
  ]);
  await withPage({ store }, async ({ page, problems }) => {
    for (const key of ["<img", "svg", "json", "gif"]) {
      await choose(page, key);
      for (const format of ["text", "json", "image", "hex"]) {
        await page.selectOption(".show-as select", format);
        await page.locator(".value").waitFor();
      }
    }
    await choose(page, "svg");
    await page.selectOption(".show-as select", "image");
    await page.locator(".value .problem", { hasText: "no image" }).waitFor();
    await page.fill("#search", "onload");
    await page.press("#search", "Enter");
    await page.locator(".hits .row").waitFor();
    await page.click("text=Close the search");
    await page.fill("#filter", "turned");
    await page.locator(".row", { hasText: "turned\\u202eder" }).waitFor();
    await page.click("nav >> text=Changes");
    await page.click("text=From the beginning");
    await page.locator(".feed td.key", { hasText: "<img" }).waitFor();
    assert.equal(await page.locator("script, iframe, svg, object").count(), 1, "only the page's own script");
    assert.doesNotMatch(await page.title(), /hacked/);
    assert.deepEqual(problems, []);
  });
});

browserTest("follows changes, stops, and continues without a gap", async () => {
  const store = await shop();
  await withPage({ store }, async ({ page, problems }) => {
    await page.click("nav >> text=Changes");
    await page.locator(".lamp.live").waitFor();
    await store.put("live/1", "one");
    await page.locator(".feed td.key", { hasText: "live/1" }).waitFor();
    await page.click("text=Pause");
    await page.locator(".lamp.paused").waitFor();
    await store.batch([
      { type: "put", key: "live/2", value: "two" },
      { type: "delete", key: "live/1" },
    ]);
    await page.click("text=Resume");
    await page.locator(".count", { hasText: /^3 changes/ }).waitFor();
    // The latest one is on top. The changes of a commit come in the order of their keys.
    const rows = page.locator(".feed tbody tr");
    assert.match((await rows.nth(0).textContent()) ?? "", /put.*live\/2/s);
    assert.match((await rows.nth(1).textContent()) ?? "", /delete.*live\/1/s);
    assert.match((await rows.nth(2).textContent()) ?? "", /put.*live\/1/s);
    assert.deepEqual(problems, []);
  });
});

browserTest("puts, edits and deletes, and shows before what will go", async () => {
  const store = await shop();
  await withPage({ store, place: able(store) }, async ({ page, problems }) => {
    await row(page, "order/1").waitFor();
    await page.keyboard.press("n");
    await page.fill("#field-key", "new/key");
    await page.fill("#field-value", "first");
    await page.click("dialog >> text=Put >> nth=-1");
    await page.locator(".detail h2", { hasText: "new/key" }).waitFor();
    await page.click(".detail >> text=Edit");
    await page.waitForFunction(() => (document.querySelector("#field-value") as HTMLTextAreaElement).value === "first");
    await store.put("new/key", "of somebody else");
    await page.fill("#field-value", "second");
    await page.click("dialog button.primary");
    await page.locator("dialog .problem", { hasText: "Somebody else changed the key" }).waitFor();
    await page.click("dialog >> text=Cancel");
    await page.fill("#filter", "user/00001");
    await page.locator(".count", { hasText: /^10 keys/ }).waitFor();
    await page.click("text=Delete these keys");
    await page.locator("dialog button.danger", { hasText: "Delete 10 keys" }).waitFor();
    await page.locator("dialog .preview", { hasText: "user/000010/name" }).waitFor();
    await page.click("dialog button.danger");
    await page.locator("footer", { hasText: "Deleted the keys" }).waitFor();
    await page.locator(".count", { hasText: /^0 keys/ }).waitFor();
    assert.equal(await store.count({ prefix: "user/" }), 2990);
    await choose(page, "order/1");
    await page.click(".detail >> text=Delete");
    await page.locator("dialog", { hasText: '"total":2' }).waitFor();
    await page.click("dialog button.danger");
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await store.has("order/1"), false);
    assert.deepEqual(problems, []);
  });
});

browserTest("exports what it imports", async () => {
  const store = new MemoryStore();
  await store.batch([
    { type: "put", key: "a", value: "1" },
    { type: "put", key: "b", value: Uint8Array.of(255) },
  ]);
  await withPage({ store }, async ({ page, problems }) => {
    await row(page, "a").waitFor();
    const downloading = page.waitForEvent("download");
    await page.click("text=Export");
    const pieces: Buffer[] = [];
    for await (const piece of await (await downloading).createReadStream()) pieces.push(piece as Buffer);
    const buffer = Buffer.concat(pieces);
    assert.equal(buffer.toString(), '{"key":"a","value":"1"}\n{"key":"b","value":{"base64":"/w=="}}\n');
    await store.deleteRange({});
    const choose = async (content: Buffer) => {
      await page.click("text=Import");
      await page.setInputFiles("dialog input[type=file]", {
        name: "export.jsonl",
        mimeType: "application/x-ndjson",
        buffer: content,
      });
      await page.click("dialog button.primary");
    };
    await choose(Buffer.concat([buffer, Buffer.from("{wrong}\n")]));
    await page.locator("dialog .problem", { hasText: "Wrong line 3" }).waitFor();
    assert.equal(await store.count(), 0, "nothing is written before everything was checked");
    await page.click("dialog >> text=Cancel");
    await choose(buffer);
    await page.locator("footer", { hasText: "Imported 2 entries" }).waitFor();
    assert.deepEqual(await store.get("b"), Uint8Array.of(255));
    assert.deepEqual(problems, []);
  });
});

browserTest("verifies, compacts, charts figures, and restores a chain to a point", async () => {
  const store = await shop();
  await withPage({ store, place: able(store) }, async ({ page, problems }) => {
    await page.click("nav >> text=Space");
    await page.locator(".bars", { hasText: "user/" }).waitFor();
    await page.click("text=Verify");
    await page.locator(".task", { hasText: "no damage" }).waitFor();
    await page.click("button >> text=Compact");
    await page.locator(".task", { hasText: "after." }).waitFor();
    await page.click("nav >> text=Figures");
    await page.fill("#metric-filter", "puts");
    await page.locator(".figure", { hasText: "3,003 in all" }).waitFor();
    await page.locator(".figure canvas").first().waitFor();
    await page.locator(".slow", { hasText: "Slow commit: 70 ms" }).waitFor();
    await page.click("nav >> text=Backups");
    await page.locator(".chain .gap", { hasText: "the backup before it is missing" }).waitFor();
    await page.locator(".chain .wrong", { hasText: "notes.txt" }).waitFor();
    await page.click(".chain li:has-text('next.backup') >> text=Restore to here");
    await page.click("dialog button.primary");
    await page.locator("footer", { hasText: "Restored to backups/restored-9" }).waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("hides what it may not do, and says so", async () => {
  const store = await shop();
  await withPage({ store, place: { canWrite: false } }, async ({ page, problems }) => {
    await choose(page, "order/1");
    for (const text of ["New key", "Import", "Delete these keys", "Edit", "Figures", "Backups"]) {
      assert.equal(await page.locator(`button:has-text("${text}")`).count(), 0, text);
    }
    await page.click("text=Help");
    await page.locator("dialog", { hasText: "No directory of backups is given" }).waitFor();
    assert.deepEqual(problems, []);
  });
});

browserTest("asks for the whole address if the token is missing", async () => {
  await withPage({}, async ({ page, studio }) => {
    await page.evaluate(() => sessionStorage.clear());
    await page.goto(`${studio.origin}/`);
    await page.reload();
    await page.locator("text=The address lacks its token").waitFor();
  });
});

for (const [colorScheme, width] of [
  ["light", 1280],
  ["dark", 1280],
  ["light", 375],
] as const) {
  browserTest(`has no finding of axe, ${colorScheme}, ${width} pixels wide, and fits`, async () => {
    const store = await shop();
    await withPage({ store, place: able(store), colorScheme, width }, async ({ page, problems }) => {
      const check = async (what: string) => {
        assert.deepEqual(await axeFindings(page), [], what);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${what} is ${wide} pixels wide`);
      };
      await choose(page, "order/1");
      await page.locator(".diff td.added").first().waitFor();
      await check("browse");
      await page.click("text=Delete these keys");
      await page.locator("dialog .preview").waitFor();
      await check("a dialog");
      await page.click("dialog >> text=Cancel");
      await page.click("nav >> text=Changes");
      await page.click("text=From the beginning");
      await page.locator(".feed tbody tr").first().waitFor();
      await check("changes");
      await page.click("nav >> text=Space");
      await page.locator(".bars", { hasText: "user/" }).waitFor();
      await check("space");
      await page.click("nav >> text=Figures");
      await page.locator(".figure canvas").first().waitFor();
      await check("figures");
      await page.click("nav >> text=Backups");
      await page.locator(".chain .gap").waitFor();
      await check("backups");
      assert.deepEqual(problems, []);
    });
  });
}
