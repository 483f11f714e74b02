/**
 * Export and import of entries as JSON lines, as `luge dump` writes and `luge load` reads them.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import type { WireRange } from "../wire.ts";
import { ask, request } from "./api.ts";
import { save } from "./detail.ts";
import { Dialog } from "./dialog.ts";
import { html, Problem, useState, type VNode } from "./dom.ts";
import { bytesOf, countText, utf8Bytes } from "./text.ts";

/** The most bytes of an export: the browser has it in memory. */
const MOST_BYTES = 512 * 1024 * 1024;
/** The most entries, and about the most bytes, of a commit of an import. */
const [BATCH_ENTRIES, BATCH_BYTES] = [500, 4 * 1024 * 1024];

/** Exports a range into a file. Tells how many bytes came. Throws if there are too many. */
export async function exportRange(
  range: WireRange,
  at: number | undefined,
  tell: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await request("export", { range, ...(at !== undefined && { at }) }, signal);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || !value) break;
    bytes += value.length;
    if (bytes > MOST_BYTES) {
      await reader?.cancel();
      throw new Error("The export has more than 512 MB: use luge dump");
    }
    pieces.push(value);
    tell(bytes);
  }
  save(new Blob(pieces, { type: "application/x-ndjson" }), "export.jsonl");
}

interface Operation {
  readonly type: "put";
  readonly key: string;
  readonly value: string;
  readonly ttl?: number;
}

/** An operation of a line; `undefined` for an entry that has expired. Throws for a wrong line. */
export function operationOf(line: string, number: number, now: number): Operation | undefined {
  const wrong = (expected: string) => new Error(`Wrong line ${number}: expected ${expected}`);
  let entry: { key?: unknown; value?: unknown; expiresAt?: unknown };
  try {
    entry = JSON.parse(line) as typeof entry;
  } catch {
    throw wrong("JSON");
  }
  const [key, value] = [base64In(entry?.key), base64In(entry?.value)];
  if (key === undefined || key === "" || value === undefined)
    throw wrong("a key and a value, as luge dump writes them");
  const { expiresAt } = entry;
  if (expiresAt === undefined) return { type: "put", key, value };
  if (typeof expiresAt !== "number") throw wrong("a number as expiresAt");
  const ttl = Math.ceil(expiresAt - now);
  return ttl > 0 ? { type: "put", key, value, ttl } : undefined;
}

function base64In(json: unknown): string | undefined {
  if (typeof json === "string") return toBase64(utf8Bytes(json));
  const base64 = (json as { base64?: unknown } | undefined)?.base64;
  return typeof base64 === "string" && toBase64(bytesOf(base64)) === base64 ? base64 : undefined;
}

/** The lines of a file, without the empty ones. */
async function* linesOf(file: Blob): AsyncGenerator<[line: string, number: number], void> {
  const reader = file
    .stream()
    .pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))
    .getReader();
  let [rest, number] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) {
      number += 1;
      if (line.trim()) yield [line, number];
    }
    if (done) return;
  }
}

/** Imports a file. Reads it twice: checks all of it before it writes anything. */
async function importFile(file: Blob, tell: (text: string) => void): Promise<number> {
  let all = 0;
  for await (const [line, number] of linesOf(file)) {
    if (operationOf(line, number, Date.now())) all += 1;
    if (all % 1000 === 0) tell(`Checked ${countText(all)} entries…`);
  }
  let [put, bytes]: [number, number] = [0, 0];
  let waiting: Operation[] = [];
  const commit = async () => {
    if (waiting.length > 0) await ask("batch", { operations: waiting });
    put += waiting.length;
    [waiting, bytes] = [[], 0];
    tell(`Put ${countText(put)} of ${countText(all)} entries…`);
  };
  for await (const [line, number] of linesOf(file)) {
    const operation = operationOf(line, number, Date.now());
    if (!operation) continue;
    waiting.push(operation);
    bytes += line.length;
    if (waiting.length >= BATCH_ENTRIES || bytes >= BATCH_BYTES) await commit();
  }
  await commit();
  return put;
}

/** Asks for a file, and imports it. */
export function ImportDialog({ onDone, onClose }: { onDone: (entries: number) => void; onClose: () => void }): VNode {
  const [file, setFile] = useState<File>();
  const [told, setTold] = useState("");
  const run = async () => {
    if (file) onDone(await importFile(file, setTold));
  };
  const choose = (event: Event) => setFile((event.currentTarget as HTMLInputElement).files?.[0]);
  return html`<${Dialog} title="Import entries" action="Import" isReady=${Boolean(file)} onAction=${run} onClose=${onClose}>
    <p>JSON lines, as <code>luge dump</code> and Export write them. The whole file is checked before anything is written.
      A key that exists gets the new value.</p>
    <label class="field">File <input type="file" accept=".jsonl,.ndjson,application/x-ndjson" onChange=${choose} /></label>
    ${told && html`<p role="status">${told}</p>`}
    ${file && file.size === 0 && html`<${Problem} text="The file is empty" />`}
  <//>`;
}
