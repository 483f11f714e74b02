/**
 * A value in all its forms.
 *
 * @module
 */

import { spacedHex } from "../bytes_text.ts";
import { bestFormat, decoded, FORMAT_NAMES, FORMATS, type Format, imageType } from "./decode.ts";
import { html, Problem, useEffect, useState, type VNode } from "./dom.ts";
import { Folded } from "./folded.ts";
import { utf8Of } from "./text.ts";

/** How many bytes of hex, and characters of text, are drawn before the reader asks for more. */
const [HEX_STEP, TEXT_STEP] = [4096, 100_000];

/** A value, and the choice of how it is shown. */
export function ValueView({ bytes }: { readonly bytes: Uint8Array<ArrayBuffer> }): VNode {
  const [chosen, setChosen] = useState<Format | "auto">("auto");
  const format = chosen === "auto" ? bestFormat(bytes) : chosen;
  return html`<div class="value">
    <label class="show-as">Show as
      <select value=${chosen} onChange=${(event: Event) => setChosen((event.currentTarget as HTMLSelectElement).value as Format)}>
        <option value="auto">Automatic (${FORMAT_NAMES[bestFormat(bytes)]})</option>
        ${FORMATS.map((each) => html`<option value=${each}>${FORMAT_NAMES[each]}</option>`)}
      </select>
    </label>
    ${bodyOf(bytes, format)}
  </div>`;
}

function bodyOf(bytes: Uint8Array<ArrayBuffer>, format: Format): VNode {
  if (format === "hex") return html`<${Hex} bytes=${bytes} />`;
  if (format === "image") return html`<${Picture} bytes=${bytes} />`;
  if (format === "text") {
    const text = utf8Of(bytes);
    if (text === undefined) return html`<${Problem} text="The value is not UTF-8, so it is no text" />`;
    return html`<${Text} text=${text} />`;
  }
  try {
    return html`<div class="folded"><${Folded} value=${decoded(bytes, format)} isOpen=${true} /></div>`;
  } catch (error) {
    return html`<${Problem} text=${error instanceof Error ? error.message : String(error)} />`;
  }
}

function Text({ text }: { readonly text: string }): VNode {
  const [shown, setShown] = useState(TEXT_STEP);
  return html`<div>
    <pre tabindex="0" aria-label="The value as text">${text.slice(0, shown)}</pre>
    ${text.length > shown && html`<button type="button" onClick=${() => setShown(shown * 4)}>Show more</button>`}
  </div>`;
}

function Hex({ bytes }: { readonly bytes: Uint8Array }): VNode {
  const [shown, setShown] = useState(HEX_STEP);
  return html`<div>
    <pre tabindex="0" aria-label="The value as hex" class="hex">${hexLines(bytes.subarray(0, shown)).join("\n")}</pre>
    ${bytes.length > shown && html`<button type="button" onClick=${() => setShown(shown * 4)}>Show more</button>`}
  </div>`;
}

/** Bytes as lines of 16, with their place and their characters. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16);
    const text = Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${spacedHex(line).padEnd(47)}  ${text}`);
  }
  return lines;
}

/** Pixels only, under a type that the bytes themselves show: the browser takes them for nothing else. */
function Picture({ bytes }: { readonly bytes: Uint8Array<ArrayBuffer> }): VNode {
  const type = imageType(bytes);
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (!type) return;
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  if (!type) return html`<${Problem} text="The value is no image in PNG, JPEG, GIF or WebP" />`;
  return html`<img src=${address} alt=${`The value as an image, ${type.slice(6)}`} />`;
}
