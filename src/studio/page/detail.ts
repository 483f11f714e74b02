/**
 * The chosen key: its value, its expiry, its versions, and what one can do with it.
 *
 * @module
 */

import { spacedHex } from "../bytes_text.ts";
import { ApiError, request } from "./api.ts";
import { html, Problem, useLoaded, useNow, type VNode } from "./dom.ts";
import { bytesOf, keyText, leftText, sizeText, timeText } from "./text.ts";
import { ValueView } from "./value_view.ts";
import { VersionsView } from "./versions_view.ts";

/** The most bytes of a value that the page loads to show it. */
const SHOWN_BYTES = 1024 * 1024;

/** A value as it is on the server. */
export interface ShownValue {
  /** The first bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly size: number;
  readonly version: number;
  readonly expiresAt: number | undefined;
}

/** Loads a value, or only its first bytes. `undefined` if the key has none. */
export async function loadValue(
  key: string,
  { at, most, signal }: { at?: number | undefined; most?: number; signal?: AbortSignal },
): Promise<ShownValue | undefined> {
  try {
    const response = await request("value", { key, ...(at !== undefined && { at }), ...(most && { most }) }, signal);
    const number = (name: string) => Number(response.headers.get(name) ?? 0);
    return {
      bytes: new Uint8Array(await response.arrayBuffer()),
      size: number("luge-size"),
      version: number("luge-version"),
      expiresAt: number("luge-expires-at") || undefined,
    };
  } catch (error) {
    if (error instanceof ApiError && error.code === "NO_VALUE") return undefined;
    throw error;
  }
}

/** What the pane shows, and what it can do. */
export interface DetailProps {
  readonly name: string;
  readonly at: number | undefined;
  readonly asTuple: boolean;
  readonly reload: number;
  /** Absent without `--write`. */
  readonly onEdit: ((key: string) => void) | undefined;
  readonly onDelete: ((key: string) => void) | undefined;
  readonly onClose: () => void;
}

/** The pane. */
export function Detail({ name, at, asTuple, reload, onEdit, onDelete, onClose }: DetailProps): VNode {
  const { value, error, isLoading } = useLoaded(
    (signal) => loadValue(name, { at, most: SHOWN_BYTES, signal }),
    [name, at, reload],
  );
  const now = useNow(value?.expiresAt !== undefined);
  const key = bytesOf(name);
  return html`<section class="detail" aria-label="The chosen key" tabindex="-1" id="detail">
    <header>
      <h2 class="key">${keyText(key, asTuple)}</h2>
      <button type="button" class="close" onClick=${onClose} aria-label="Back to the list">✕</button>
    </header>
    <p class="facts">
      <span>${key.length} bytes of key</span>
      ${asTuple && html`<span>${spacedHex(key.subarray(0, 40))}</span>`}
      ${value && html`<span>${sizeText(value.size)}</span><span>version ${value.version}</span>`}
      ${
        value?.expiresAt !== undefined &&
        html`<span title=${timeText(value.expiresAt)}>expires in ${leftText(value.expiresAt, now)}</span>`
      }
    </p>
    <div class="actions">
      ${value && html`<button type="button" onClick=${() => download(name, at)}>Download</button>`}
      ${at === undefined && onEdit && html`<button type="button" onClick=${() => onEdit(name)}>Edit</button>`}
      ${at === undefined && value && onDelete && html`<button type="button" onClick=${() => onDelete(name)}>Delete</button>`}
    </div>
    <${Problem} text=${error} />
    ${!isLoading && !error && !value && html`<p class="empty">The key has no value${at === undefined ? "" : " at this version"}.</p>`}
    ${
      value &&
      value.bytes.length < value.size &&
      html`<p class="note">The first ${sizeText(value.bytes.length)} of ${sizeText(value.size)} are shown. Download has all.</p>`
    }
    ${value && html`<${ValueView} bytes=${value.bytes} key=${name} />`}
    <${VersionsView} name=${name} reload=${reload} key=${`versions ${name}`} />
  </section>`;
}

async function download(name: string, at: number | undefined): Promise<void> {
  const value = await loadValue(name, { at });
  if (value) save(new Blob([value.bytes], { type: "application/octet-stream" }), "value.bin");
}

/** Gives a file to the user. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the address by the next turn of its loop, and some need longer.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
