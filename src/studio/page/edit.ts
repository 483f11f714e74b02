/**
 * The dialogs that change the store. Each shows what will change before it does.
 *
 * @module
 */

import { toBase64 } from "../../base64.ts";
import { hexOf } from "../../bytes.ts";
import type { WireRange } from "../wire.ts";
import { ask } from "./api.ts";
import { loadValue } from "./detail.ts";
import { Dialog } from "./dialog.ts";
import { html, Problem, useEffect, useLoaded, useState, type VNode } from "./dom.ts";
import { bytesOf, countText, hexBytes, keyText, sizeText, startText, utf8Bytes, utf8Of } from "./text.ts";

type Encoding = "text" | "hex";

/** The largest value that the editor takes. */
const MOST_BYTES = 16 * 1024 * 1024;

interface FieldProps {
  readonly label: string;
  readonly text: string;
  readonly encoding: Encoding;
  readonly isLong?: boolean;
  readonly isFixed?: boolean;
  readonly onChange: (text: string, encoding: Encoding) => void;
}

function BytesField({ label, text, encoding, isLong = false, isFixed = false, onChange }: FieldProps): VNode {
  const id = `field-${label.toLowerCase()}`;
  const input = (event: Event) => onChange((event.currentTarget as HTMLInputElement).value, encoding);
  const choose = (event: Event) => {
    const chosen = (event.currentTarget as HTMLSelectElement).value as Encoding;
    const bytes = bytesIn(text, encoding);
    const shown = bytes && (chosen === "hex" ? hexOf(bytes) : utf8Of(bytes));
    // What cannot be shown in the other form stays in this one.
    if (shown !== undefined) onChange(shown, chosen);
  };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <select aria-label=${`${label} as`} value=${encoding} disabled=${isFixed} onChange=${choose}>
      <option value="text">Text</option><option value="hex">Hex</option>
    </select>
    ${
      isLong
        ? html`<textarea id=${id} rows="10" spellcheck=${false} value=${text} onInput=${input}></textarea>`
        : html`<input id=${id} type="text" spellcheck=${false} autocomplete="off" readonly=${isFixed} value=${text} onInput=${input} />`
    }
  </div>`;
}

function bytesIn(text: string, encoding: Encoding): Uint8Array<ArrayBuffer> | undefined {
  return encoding === "hex" ? hexBytes(text) : utf8Bytes(text);
}

/** Text if it can be shown as that, hex otherwise. */
function shownBytes(bytes: Uint8Array): [string, Encoding] {
  const text = utf8Of(bytes);
  return text === undefined ? [hexOf(bytes), "hex"] : [text, "text"];
}

/** What an editor edits. */
export interface EditProps {
  /** The key, or `undefined` for a new one. */
  readonly name: string | undefined;
  /** How a new key begins. */
  readonly start: string;
  readonly onDone: (key: string) => void;
  readonly onClose: () => void;
}

/** Puts a value. It refuses to overwrite what somebody else wrote since the dialog was opened. */
export function EditDialog({ name, start, onDone, onClose }: EditProps): VNode {
  const [key, setKey] = useState<[string, Encoding]>(shownBytes(bytesOf(name ?? start)));
  const [value, setValue] = useState<[string, Encoding]>(["", "text"]);
  const [seconds, setSeconds] = useState("");
  const found = useLoaded(
    async (signal) => (name === undefined ? undefined : await loadValue(name, { signal })),
    [name],
  );
  useEffect(() => {
    if (found.value) setValue(shownBytes(found.value.bytes));
  }, [found.value]);
  const [keyBytes, valueBytes] = [bytesIn(...key), bytesIn(...value)];
  const ttl = seconds === "" ? undefined : Math.round(Number(seconds) * 1000);
  const isTtl = ttl === undefined || (Number.isFinite(ttl) && ttl >= 1);
  const isTooLarge = (valueBytes?.length ?? 0) > MOST_BYTES || (found.value?.size ?? 0) > MOST_BYTES;
  const put = async () => {
    const made = toBase64(keyBytes ?? new Uint8Array());
    const expected = found.value?.version ?? 0;
    await ask("put", { key: made, value: toBase64(valueBytes ?? new Uint8Array()), ttl, expected });
    onDone(made);
  };
  const isReady = Boolean(keyBytes?.length && valueBytes && isTtl) && !isTooLarge && !found.isLoading;
  return html`<${Dialog} title=${name === undefined ? "Put a new key" : "Edit the value"} action="Put" isReady=${isReady}
    onAction=${put} onClose=${onClose}>
    <${BytesField} label="Key" text=${key[0]} encoding=${key[1]} isFixed=${name !== undefined}
      onChange=${(text: string, encoding: Encoding) => setKey([text, encoding])} />
    <${BytesField} label="Value" text=${value[0]} encoding=${value[1]} isLong=${true}
      onChange=${(text: string, encoding: Encoding) => setValue([text, encoding])} />
    <div class="field">
      <label for="field-ttl">Expires after, in seconds (empty for never)</label>
      <input id="field-ttl" type="text" inputmode="decimal" value=${seconds}
        onInput=${(event: Event) => setSeconds((event.currentTarget as HTMLInputElement).value)} />
    </div>
    ${!keyBytes && html`<${Problem} text="The key is not hex" />`}
    ${!valueBytes && html`<${Problem} text="The value is not hex" />`}
    ${!isTtl && html`<${Problem} text="Expected a number of seconds above 0" />`}
    ${isTooLarge && html`<${Problem} text="The value is too large to edit here: luge put takes it from a file" />`}
    ${found.value?.expiresAt !== undefined && html`<p class="note">The present value expires. The new one does so only if you say when.</p>`}
    <${Problem} text=${found.error} />
  <//>`;
}

/** What a deletion deletes. */
export interface DeleteProps {
  readonly name: string;
  readonly asTuple: boolean;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Deletes a key, after it showed its value. */
export function DeleteDialog({ name, asTuple, onDone, onClose }: DeleteProps): VNode {
  const { value, error, isLoading } = useLoaded((signal) => loadValue(name, { most: 1000, signal }), [name]);
  const remove = async () => {
    await ask("delete", { key: name, expected: value?.version });
    onDone();
  };
  return html`<${Dialog} title="Delete this key?" action="Delete" isDanger=${true} isReady=${Boolean(value)} onAction=${remove} onClose=${onClose}>
    <p class="key">${keyText(bytesOf(name), asTuple)}</p>
    ${value && html`<p>${sizeText(value.size)}, version ${value.version}: <code>${startText(value.bytes)}</code></p>`}
    ${!isLoading && !value && !error && html`<p>The key has no value.</p>`}
    <${Problem} text=${error} />
  <//>`;
}

interface Preview {
  readonly count: number;
  readonly at: number;
  readonly first: readonly string[];
  readonly last: readonly string[];
}

/** What a deletion of a range deletes. */
export interface DeleteRangeProps {
  readonly range: WireRange;
  readonly title: string;
  readonly asTuple: boolean;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Deletes the keys of a range, after it showed how many and which. Exactly those go: keys that come later stay. */
export function DeleteRangeDialog({ range, title, asTuple, onDone, onClose }: DeleteRangeProps): VNode {
  const { value, error } = useLoaded((signal) => ask<Preview>("preview", { range }, signal), []);
  const remove = async () => {
    await ask("delete-range", { range, at: value?.at, count: value?.count });
    onDone();
  };
  const keys = (all: readonly string[]) =>
    all.map((key) => html`<li class="key">${keyText(bytesOf(key), asTuple)}</li>`);
  const count = value?.count ?? 0;
  const rest = value && value.count > value.first.length ? value.last.slice(-(value.count - value.first.length)) : [];
  return html`<${Dialog} title=${`Delete ${title}?`} action=${value ? `Delete ${countText(count)} ${count === 1 ? "key" : "keys"}` : "Delete"}
    isDanger=${true} isReady=${count > 0} onAction=${remove} onClose=${onClose}>
    ${!value && !error && html`<p role="status">Counting what would go…</p>`}
    ${
      value &&
      html`<p>${countText(value.count)} keys, as the store is at version ${value.at}. Keys that are put later stay. A key that is
      written again in between goes, too.</p>
      <ul class="preview">${keys(value.first)}${value.count > value.first.length + rest.length && html`<li>…</li>`}${keys(rest)}</ul>`
    }
    <${Problem} text=${error} />
  <//>`;
}
