/**
 * The library that draws the page, and small parts that several views use.
 *
 * @module
 */

import { html } from "htm/preact";
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { isAbort, textOfError } from "./api.ts";

export type { ComponentChildren, VNode };
export { html, useEffect, useRef, useState };

/** The time, every second, while `isWanted`. */
export function useNow(isWanted: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isWanted) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isWanted]);
  return now;
}

/** What loading something has come to. */
export interface Loaded<T> {
  readonly value?: T | undefined;
  readonly error?: string | undefined;
  readonly isLoading: boolean;
}

/** Loads something whenever `inputs` change. Keeps the last value until the next one is there. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<Loaded<T>>({ isLoading: true });
  useEffect(() => {
    const leaving = new AbortController();
    setState(({ value }) => ({ value, isLoading: true }));
    load(leaving.signal).then(
      (value) => leaving.signal.aborted || setState({ value, isLoading: false }),
      (error) => isAbort(error) || leaving.signal.aborted || setState({ error: textOfError(error), isLoading: false }),
    );
    return () => leaving.abort();
  }, inputs);
  return state;
}

/** A message about what went wrong. */
export function Problem({ text }: { readonly text: string | undefined }): VNode | null {
  return text === undefined ? null : html`<p class="problem" role="alert">${text}</p>`;
}

/** A bar that shows a part of a whole. */
export function Bar({ part, whole }: { readonly part: number; readonly whole: number }): VNode {
  const percent = whole > 0 ? Math.min(100, (part / whole) * 100) : 0;
  return html`<span class="bar" aria-hidden="true"><span style=${{ width: `${percent}%` }}></span></span>`;
}

/** Whether a key event belongs to a field that takes text. */
export function isTyping(event: Event): boolean {
  const { target } = event;
  return target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
