/**
 * The slider over the history of the store.
 *
 * @module
 */

import { ask } from "./api.ts";
import { html, Problem, useEffect, useLoaded, useState, type VNode } from "./dom.ts";

interface History {
  readonly oldest: number;
  readonly newest: number;
}

/** How long the slider must rest before the page shows that version, in milliseconds. */
const REST_MS = 120;

/** What the slider chooses. */
export interface SliderProps {
  readonly at: number | undefined;
  readonly reload: number;
  readonly onChange: (at: number | undefined) => void;
}

/** Chooses the version that the page shows. */
export function TimeSlider({ at, reload, onChange }: SliderProps): VNode {
  const { value, error } = useLoaded((signal) => ask<History>("history", {}, signal), [reload]);
  const [moved, setMoved] = useState<number>();
  useEffect(() => {
    if (moved === undefined) return;
    const timer = setTimeout(() => onChange(moved >= (value?.newest ?? 0) ? undefined : moved), REST_MS);
    return () => clearTimeout(timer);
  }, [moved]);
  const [oldest, newest] = [value?.oldest ?? 0, value?.newest ?? 0];
  const shown = moved ?? at ?? newest;
  const now = () => {
    setMoved(undefined);
    onChange(undefined);
  };
  return html`<div class="time" role="group" aria-label="The history of the store">
    <label>As of version
      <input type="range" min=${oldest} max=${newest} value=${shown} disabled=${oldest >= newest}
        onInput=${(event: Event) => setMoved(Number((event.currentTarget as HTMLInputElement).value))} />
    </label>
    <output>${shown}</output>
    <button type="button" disabled=${at === undefined && moved === undefined} onClick=${now}>Now</button>
    ${oldest >= newest && html`<span class="note">The store keeps no older version.</span>`}
    <${Problem} text=${error} />
  </div>`;
}
