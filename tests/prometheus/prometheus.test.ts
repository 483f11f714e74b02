/** Figures for Prometheus: names, types, units, labels, and that no figure is missing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryFileSystem, MemoryStore, open } from "../../mod.ts";
import { joinPrometheusTexts, METRICS, prometheusText, quantile } from "../../src/prometheus/mod.ts";
import { misuse } from "../support/expect.ts";

/** The lines of a text, checked against the format: HELP, TYPE, sample, three for each figure. */
function samples(text: string): Map<string, { type: string; labels: string; value: number }> {
  const found = new Map<string, { type: string; labels: string; value: number }>();
  const blocks = text.matchAll(
    /^# HELP (\S+) \S.*\n# TYPE \1 (counter|gauge)\n\1(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)+\})? (\S+)\n/gm,
  );
  let length = 0;
  for (const [whole, name = "", type = "", labels = "", value] of blocks) {
    found.set(name, { type, labels, value: Number(value) });
    length += whole.length;
  }
  assert.equal(length, text.length, "a line is not of the format");
  return found;
}

test("every figure of a store on disk has a description, and is in the text once", async () => {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
  await store.put("key", "value");
  using _snapshot = store.snapshot();
  const metrics = store.metrics();
  assert.deepEqual(Object.keys(metrics).sort(), Object.keys(METRICS).sort());
  const found = samples(prometheusText(metrics));
  assert.equal(found.size, Object.keys(METRICS).length);
  assert.deepEqual(found.get("luge_puts_total"), { type: "counter", labels: "", value: 1 });
  assert.deepEqual(found.get("luge_put_bytes_total")?.value, 8);
  assert.deepEqual(found.get("luge_log_file_bytes"), { type: "gauge", labels: "", value: metrics.logFileBytes });
  assert.deepEqual(found.get("luge_step_seconds_total")?.value, metrics.stepMs / 1000);
  assert.deepEqual(found.get("luge_longest_step_seconds")?.type, "gauge");
  assert.deepEqual(found.get("luge_open_snapshots")?.value, 1);
  for (const [name, { type }] of found) assert.equal(name.endsWith("_total"), type === "counter", name);
});

test("counters never fall, and gauges may", async () => {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem(), writeBufferSize: 256 * 1024 });
  let before = store.metrics();
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) store.putSync(`key${i}`, "v".repeat(1000));
    store.deleteRangeSync({ prefix: `key${round}` });
    if (round % 5 === 0) await store.compact();
    const after = store.metrics();
    for (const [name, { type }] of Object.entries(METRICS)) {
      const figure = name as keyof typeof METRICS;
      if (type === "counter") assert.ok(after[figure] >= before[figure], `${name} fell`);
    }
    before = after;
  }
});

test("latencies are histograms: buckets that only grow, up to the count, and the sum in seconds", async () => {
  await using store = await open({ path: "/store", fileSystem: new MemoryFileSystem() });
  for (let i = 0; i < 10; i++) await store.put("key", "value");
  const latencies = store.latencies();
  const options = { labels: { store: "a" }, latencies };
  const text = prometheusText(store.metrics(), options).slice(
    prometheusText(store.metrics(), options).indexOf("# HELP luge_get_seconds"),
  );
  assert.deepEqual(
    [...text.matchAll(/^# TYPE (\S+) histogram$/gm)].map(([, name]) => name),
    ["luge_get_seconds", "luge_commit_seconds", "luge_sync_seconds", "luge_step_seconds", "luge_transaction_seconds"],
  );
  const lines = text.split("\n").filter((line) => line.startsWith("luge_commit_seconds"));
  const buckets = lines.flatMap((line) => {
    const [, bound, count] = /^luge_commit_seconds_bucket\{store="a",le="([^"]+)"\} (\d+)$/.exec(line) ?? [];
    return bound === undefined ? [] : [[Number(bound.replace("+Inf", "Infinity")), Number(count)] as const];
  });
  assert.equal(buckets.length, 28);
  assert.deepEqual(buckets.at(-1), [Number.POSITIVE_INFINITY, 10]);
  for (const [i, [bound, count]] of buckets.entries()) {
    const [boundBefore = 0, countBefore = 0] = buckets[i - 1] ?? [];
    assert.ok(bound > boundBefore && count >= countBefore, `${bound}`);
  }
  assert.deepEqual(lines.slice(-2), [
    `luge_commit_seconds_sum{store="a"} ${latencies.commit.sumMs / 1000}`,
    'luge_commit_seconds_count{store="a"} 10',
  ]);
  const empty = prometheusText(new MemoryStore().metrics(), { latencies: new MemoryStore().latencies() });
  assert.match(
    empty,
    /^luge_sync_seconds_bucket\{le="\+Inf"\} 0\nluge_sync_seconds_sum 0\nluge_sync_seconds_count 0$/m,
  );
});

test("labels are escaped; names that are none are refused; a MemoryStore works", () => {
  const store = new MemoryStore();
  const found = samples(prometheusText(store.metrics(), { prefix: "app", labels: { a: 'x"\\\n', b_c: "ß" } }));
  assert.equal(found.get("app_puts_total")?.labels, '{a="x\\"\\\\\\n",b_c="ß"}');
  for (const prefix of ["", "1a", "a-b", 5]) {
    assert.throws(() => prometheusText(store.metrics(), { prefix: prefix as string }), misuse(TypeError, "prefix"));
  }
  assert.throws(() => prometheusText(store.metrics(), { labels: { "a b": "" } }), misuse(TypeError, "'a b'"));
  assert.throws(() => prometheusText(store.metrics(), { labels: { le: "1" } }), misuse(TypeError, "'le'"));
  assert.throws(() => prometheusText(store.metrics(), { lables: {} } as object), misuse(TypeError, "'lables'"));
  for (const part of ["0.5", null, Number.NaN, -1, undefined])
    assert.throws(() => quantile(store.latencies().get, part as number), misuse(RangeError, `'${part}'`));
});

test("joined texts of several stores have each figure once, with the samples of all", async () => {
  const stores = [new MemoryStore(), new MemoryStore(), new MemoryStore()];
  await stores[1]?.put("key", "value");
  const texts = stores.map((store, i) =>
    prometheusText(store.metrics(), { labels: { a: `#\r\n\u2028${i}` }, latencies: store.latencies() }),
  );
  const joined = joinPrometheusTexts(texts);
  const lines = (text: string) => text.split("\n").filter((line) => !line.startsWith("# "));
  assert.deepEqual(lines(joined).sort(), lines(texts.join("")).sort());
  // A figure begins with its description. All samples below have its name.
  const names = new Set<string>();
  for (const figure of joined.split(/^(?=# HELP )/m)) {
    const [help = "", type = "", ...samples] = figure.trimEnd().split("\n");
    const name = help.split(" ")[2] ?? "";
    assert.ok(!names.has(name) && type.startsWith(`# TYPE ${name} `), name);
    assert.ok(samples.length % 3 === 0 && samples.every((line) => line.startsWith(name)), figure);
    names.add(name);
  }
  assert.equal(joinPrometheusTexts(texts.slice(0, 1)), texts[0]);
  assert.equal(joinPrometheusTexts([]), "");
  for (const wrong of ["text", [1], undefined])
    assert.throws(() => joinPrometheusTexts(wrong as never), misuse(TypeError, "array"));
});
