/**
 * The parts of the studio that need no server and no browser.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { successor } from "../../src/byte_range.ts";
import { compareBytes, withZero } from "../../src/bytes.ts";
import { keyBetween } from "../../src/studio/byte_keys.ts";
import { bytesFinder } from "../../src/studio/find_bytes.ts";
import { imageType } from "../../src/studio/page/decode.ts";
import { diffLines } from "../../src/studio/page/diff.ts";
import { keyAt } from "../../src/studio/page/landmarks.ts";
import { ListWindow, ROW } from "../../src/studio/page/list_window.ts";
import { quantileOf } from "../../src/studio/page/quantile.ts";
import { keyText, leftText, sizeText, startText, visible } from "../../src/studio/page/text.ts";
import type { WireRow } from "../../src/studio/wire.ts";
import { key } from "./started.ts";

const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

describe("keys as numbers", () => {
  test("the end of a prefix is the first key after it", () => {
    assert.deepEqual(successor(bytes("a/")), bytes("a0"));
    assert.deepEqual(successor(Uint8Array.of(1, 255, 255)), Uint8Array.of(2));
    assert.equal(successor(Uint8Array.of(255, 255)), undefined);
    assert.equal(successor(new Uint8Array()), undefined);
  });

  test("a key between two others is between them, and further the larger the part", () => {
    for (const [a, b] of [
      ["a", "b"],
      ["user/0000", "user/9999"],
      ["user/1", "user/10"],
      ["", "z"],
    ] as const) {
      let before = bytes(a);
      for (const part of [0.25, 0.5, 0.75]) {
        const middle = keyBetween(bytes(a), bytes(b), part);
        assert.ok(compareBytes(middle, bytes(a)) > 0 && compareBytes(middle, bytes(b)) < 0, `${a} ${b} ${part}`);
        assert.ok(compareBytes(middle, before) > 0);
        before = middle;
      }
    }
    assert.ok(compareBytes(withZero(bytes("a")), bytes("a")) > 0);
  });

  test("landmarks say which key is how far", () => {
    const landmarks = [
      { key: key("a"), before: 0 },
      { key: key("m"), before: 0.9 },
      { key: key("z"), before: 1 },
    ];
    const at = (part: number) => new TextDecoder("latin1").decode(keyAt(landmarks, part));
    assert.equal(at(1), "z");
    assert.ok(at(0.45) > "f" && at(0.45) < "h", at(0.45));
    assert.ok(at(0.95) > "m" && at(0.95) < "z");
    assert.equal(keyAt([], 0.5), undefined);
  });
});

test("bytes are found wherever they are", () => {
  const finds = (needle: string, hay: string, ignoreCase = false) => bytesFinder(needle, { ignoreCase })(bytes(hay));
  for (const hay of ["abc", "xxabc", "abcxx", "ababc", "aabc"]) assert.ok(finds("abc", hay), hay);
  for (const hay of ["", "ab", "abd", "ABC", "a bc"]) assert.ok(!finds("abc", hay), hay);
  assert.ok(finds("aBc", "xAbCx", true));
  assert.ok(finds("ä", "xäx") && !finds("ä", "xÄx", true));
  assert.ok(bytesFinder(Uint8Array.of(0, 255), { ignoreCase: false })(Uint8Array.of(1, 0, 255)));
});

test("differences keep what stays", () => {
  const diff = (a: string, b: string) =>
    diffLines([...a], [...b])
      .map(({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`)
      .join("");
  assert.equal(diff("abc", "abc"), " a b c");
  assert.equal(diff("abc", "axc"), " a-b+x c");
  assert.equal(diff("", "ab"), "+a+b");
  assert.equal(diff("ab", ""), "-a-b");
  assert.equal(diff("abcd", "bd"), "-a b-c d");
});

describe("a window on a long list", () => {
  const rows = (from: number, count: number): WireRow[] =>
    Array.from({ length: count }, (_, i) => ({ key: `k${from + i}` }));

  test("begins at the start, and asks for what follows", () => {
    const list = new ListWindow(1000);
    assert.deepEqual(list.need(0, 600), { kind: "jump", part: 0 });
    assert.equal(list.jumped({ rows: rows(0, 200), atEnd: false }, 0, { isStart: true, isEnd: false }), 0);
    assert.deepEqual([list.top, list.need(0, 600)], [0, undefined]);
    assert.deepEqual(list.need(100 * ROW, 600), { kind: "after", key: "k199" });
    assert.equal(list.appended({ rows: rows(200, 100), atEnd: true }), 0);
    assert.deepEqual([list.height, list.need(list.height - 600, 600)], [300 * ROW, undefined]);
  });

  test("puts rows where a jump went, and moves them where they do not fit", () => {
    const list = new ListWindow(10_000_000);
    assert.ok(list.height <= 8_000_000);
    list.jumped({ rows: rows(0, 200), atEnd: false }, 0, { isStart: true, isEnd: false });
    assert.deepEqual(list.need(4_000_000, 600), { kind: "jump", part: 4_000_000 / (list.height - 600) });
    assert.equal(list.jumped({ rows: rows(5000, 200), atEnd: false }, 4_000_000, { isStart: false, isEnd: false }), 0);
    assert.equal(list.top, 4_000_000);
    assert.equal(list.visible(4_000_000 + 3 * ROW, 4_000_000 + 5 * ROW).rows[0]?.key, "k5003");
    assert.equal(list.prepended({ rows: rows(4900, 100).toReversed(), atEnd: false }), 0);
    assert.equal(list.visible(4_000_000, 4_000_000 + ROW).rows[0]?.key, "k5000");
    // Nothing is before these: they move to the start, and the reader with them.
    assert.equal(list.prepended({ rows: rows(4800, 100).toReversed(), atEnd: true }), -(4_000_000 - 200 * ROW));
    assert.deepEqual([list.top, list.rows[0]?.key], [0, "k4800"]);
  });

  test("makes place before the first row", () => {
    const list = new ListWindow(10_000_000);
    list.jumped({ rows: rows(5000, 200), atEnd: false }, 50, { isStart: false, isEnd: false });
    const moved = list.prepended({ rows: rows(4800, 200).toReversed(), atEnd: false });
    assert.ok(moved > 0 && list.top > 0);
    assert.equal(list.visible(50 + moved, 50 + moved + ROW).rows[0]?.key, "k5000");
  });

  test("forgets what is far away", () => {
    const list = new ListWindow(10_000_000);
    list.jumped({ rows: rows(0, 200), atEnd: false }, 0, { isStart: true, isEnd: false });
    for (let from = 200; from < 5000; from += 200) list.appended({ rows: rows(from, 200), atEnd: false });
    assert.equal(list.rows.length, 3000);
    assert.equal(list.visible(4900 * ROW, 4901 * ROW).rows[0]?.key, "k4900");
    assert.deepEqual(list.need(2100 * ROW, 600), { kind: "before", key: "k2000" });
  });

  test("ends at the end", () => {
    const list = new ListWindow(10_000_000);
    list.jumped({ rows: rows(0, 200).toReversed(), atEnd: false }, 0, { isStart: false, isEnd: true });
    assert.deepEqual([list.bottom, list.rows.at(-1)?.key], [list.height, "k199"]);
    const empty = new ListWindow(0);
    empty.jumped({ rows: [], atEnd: true }, 0, { isStart: true, isEnd: false });
    assert.deepEqual([empty.height, empty.need(0, 600)], [0, undefined]);
  });
});

test("texts", () => {
  assert.equal(keyText(bytes("user/ä"), false), "user/ä");
  assert.equal(keyText(Uint8Array.of(255, 1), false), "0xff01");
  assert.equal(visible("a\u202eb\n\u200f"), "a\\u202eb\\u000a\\u200f");
  assert.equal(startText(bytes("zwei\nZeilen")), "zwei Zeilen");
  assert.equal(startText(bytes(`${"a".repeat(199)}ä`).subarray(0, 200)), "a".repeat(199));
  assert.equal(startText(Uint8Array.of(65, 255)), "0x41ff");
  assert.equal(startText(Uint8Array.of(0, 1)), "0x0001");
  assert.deepEqual([0, 999, 1000, 12_345_678].map(sizeText), ["0 B", "999 B", "1.0 kB", "12 MB"]);
  assert.deepEqual(
    [-1, 900, 61_000, 90_061_000].map((ms) => leftText(ms, 0)),
    ["expired", "1s", "1m 1s", "1d 1h"],
  );
});

test("only images of pixels are images", () => {
  const type = (...start: number[]) => imageType(Uint8Array.from(start));
  assert.equal(type(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), "image/png");
  assert.equal(type(0xff, 0xd8, 0xff, 0xe0), "image/jpeg");
  assert.equal(imageType(bytes("GIF89a…")), "image/gif");
  assert.equal(imageType(bytes("RIFF0000WEBPVP8 ")), "image/webp");
  for (const text of ["<svg xmlns=", "<?xml ?><svg", "xxxx0000WEBP", "%PDF-1.7", "<html>", ""]) {
    assert.equal(imageType(bytes(text)), undefined, text);
  }
});

test("a quantile is the end of its bucket, and never more than the longest", () => {
  const histogram = {
    count: 100,
    sumMs: 0,
    maxMs: 30,
    buckets: [
      { belowMs: 1, count: 60 },
      { belowMs: 4, count: 39 },
      { belowMs: 64, count: 1 },
    ],
  };
  assert.deepEqual(
    [0.5, 0.9, 0.999].map((part) => quantileOf(histogram, part)),
    [1, 4, 30],
  );
});
