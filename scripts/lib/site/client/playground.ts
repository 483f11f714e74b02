/**
 * The playground: runs the reader's code in a worker of the page, and shows what it prints.
 *
 * @module
 */

import type { FromWorker } from "./playground_worker.ts";

const examples: Readonly<Record<string, string>> = {
  "First use": `import { MemoryStore } from "@luge/luge";

const store = new MemoryStore();
await store.put("city/berlin", "3,700,000");
await store.put("city/bern", "137,000");
for (const [key, value] of await store.scan("city/")) {
  console.log(key, new TextDecoder().decode(value));
}
`,
  Transaction: `import { MemoryStore } from "@luge/luge";

const store = new MemoryStore();
await store.put("ada", "100");
await store.put("alan", "20");
const text = new TextDecoder();
await store.transaction(async (tx) => {
  const ada = Number(text.decode(await tx.get("ada")));
  const alan = Number(text.decode(await tx.get("alan")));
  tx.put("ada", String(ada - 30));
  tx.put("alan", String(alan + 30));
});
console.log(text.decode(await store.get("ada")), text.decode(await store.get("alan")));
`,
  Watch: `import { MemoryStore } from "@luge/luge";

const store = new MemoryStore();
const watching = (async () => {
  let seen = 0;
  for await (const { type, key, version } of store.watch({ prefix: "a/" })) {
    console.log(type, key, "in version", version);
    if (++seen === 3) break;
  }
})();
await store.batch([
  { type: "put", key: "a/1", value: "x" },
  { type: "put", key: "b/1", value: "not watched" },
]);
await store.put("a/2", "y");
await store.delete("a/1");
await watching;
`,
  "Versions and tuples": `import { MemoryStore, jsonCodec } from "@luge/luge";
import { tupleKey } from "@luge/luge/keys";

const store = new MemoryStore({ numVersionsToKeep: 10 });
const scores = store.view({ prefix: "score/", key: tupleKey, value: jsonCodec() });
await scores.put(["ada", 1], { points: 3 });
const before = store.snapshot();
await scores.put(["ada", 1], { points: 8 });
await scores.put(["alan", 2], { points: 5 });
for await (const [key, value] of scores.entries()) console.log(key, value);
console.log(await before.count(), "entry before");
before.dispose();
`,
};

const root = new URL(`./${document.body.dataset.root ?? ""}`, location.href).href;
const code = document.querySelector<HTMLTextAreaElement>("#code");
const output = document.querySelector<HTMLPreElement>("#output");
const run = document.querySelector<HTMLButtonElement>("#run");
const stop = document.querySelector<HTMLButtonElement>("#stop");
const choice = document.querySelector<HTMLSelectElement>("#example");

let worker: Worker | undefined;

function print(line: string): void {
  output?.append(`${line}\n`);
}

function end(): void {
  worker?.terminate();
  worker = undefined;
  if (stop) stop.disabled = true;
}

function start(): void {
  end();
  output?.replaceChildren();
  worker = new Worker(`${root}playground_worker.js`, { type: "module" });
  if (stop) stop.disabled = false;
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    if (data.kind === "line") return print(data.text);
    print(data.kind === "done" ? `— done in ${data.milliseconds.toFixed(1)} ms` : `— ${data.text}`);
    end();
  });
  worker.addEventListener("error", (event) => {
    print(`— ${event.message ?? "the worker could not be loaded"}`);
    end();
  });
  worker.postMessage({ code: code?.value ?? "", root });
}

for (const name of Object.keys(examples)) choice?.append(new Option(name));
choice?.addEventListener("change", () => {
  if (code) code.value = examples[choice.value] ?? "";
});
if (code && code.value === "") code.value = Object.values(examples)[0] ?? "";
run?.addEventListener("click", start);
stop?.addEventListener("click", () => {
  end();
  print("— stopped");
});
code?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
});
