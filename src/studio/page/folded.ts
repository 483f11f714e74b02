/**
 * A value of JavaScript that can be unfolded, level by level. What is folded is not drawn, so cycles have no end and cost nothing.
 *
 * @module
 */

import { spacedHex } from "../bytes_text.ts";
import { html, useState, type VNode } from "./dom.ts";
import { visible } from "./text.ts";

/** How many parts of a value are drawn before the reader asks for more. */
const STEP = 100;
/** The longest text in one line. */
const LONGEST = 10_000;

type Part = readonly [name: string, value: unknown];

/** A value, with a name if it is part of another one. */
export function Folded({ value, name, isOpen = false }: { value: unknown; name?: string; isOpen?: boolean }): VNode {
  const [open, setOpen] = useState(isOpen);
  const [shown, setShown] = useState(STEP);
  const parts = partsOf(value);
  const label = name === undefined ? "" : html`<span class="name">${visible(name)}: </span>`;
  if (!parts) return html`<div class="leaf">${label}<span class=${classOf(value)}>${leafText(value)}</span></div>`;
  return html`<details open=${open} onToggle=${(event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
    <summary>${label}<span class="kind">${kindOf(value, parts.length)}</span></summary>
    ${open && parts.slice(0, shown).map(([own, part], i) => html`<${Folded} key=${i} name=${own} value=${part} />`)}
    ${
      open &&
      parts.length > shown &&
      html`<button type="button" class="more" onClick=${() => setShown(shown + STEP * 10)}>${parts.length - shown} more</button>`
    }
  </details>`;
}

function partsOf(value: unknown): readonly Part[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return value.map((part: unknown, i): Part => [String(i), part]);
  if (value instanceof Map) return [...value].map(([key, part], i): Part => [keyName(key, i), part]);
  if (value instanceof Set) return [...(value as Set<unknown>)].map((part, i): Part => [String(i), part]);
  if (value instanceof Date || value instanceof RegExp || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return undefined;
  }
  if (value instanceof Error)
    return [
      ["message", value.message],
      ["stack", value.stack],
      ["cause", value.cause],
    ];
  return Object.entries(value);
}

function keyName(key: unknown, i: number): string {
  return typeof key === "object" && key !== null ? `key ${i}` : leafText(key);
}

function kindOf(value: unknown, count: number): string {
  if (Array.isArray(value)) return `[${count}]`;
  if (value instanceof Map || value instanceof Set) return `${value instanceof Map ? "Map" : "Set"}(${count})`;
  return value instanceof Error ? value.name : `{${count}}`;
}

function classOf(value: unknown): string {
  return typeof value === "string"
    ? "string"
    : typeof value === "number" || typeof value === "bigint"
      ? "number"
      : "word";
}

function leafText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(visible(value.slice(0, LONGEST)).replaceAll("\\u000a", "\n"));
  if (typeof value === "bigint") return `${value}n`;
  if (Object.is(value, -0)) return "-0";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, Math.min(value.byteLength, 256));
    return `${Object.prototype.toString.call(value).slice(8, -1)} ${spacedHex(bytes)}${value.byteLength > 256 ? " …" : ""}`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${spacedHex(new Uint8Array(value).subarray(0, 256))}`;
  return String(value);
}
