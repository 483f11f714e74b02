/**
 * The page as a whole.
 *
 * @module
 */

import type { WirePlace } from "../wire.ts";
import { ask } from "./api.ts";
import { BackupsView } from "./backups_view.ts";
import { Browse } from "./browse.ts";
import { Dialog } from "./dialog.ts";
import { html, isTyping, Problem, useEffect, useLoaded, useState, type VNode } from "./dom.ts";
import { Feed } from "./feed.ts";
import { Metrics } from "./metrics_view.ts";
import { Space } from "./space.ts";

type ViewName = "browse" | "changes" | "space" | "figures" | "backups";
type Theme = "system" | "light" | "dark";

const VIEWS: Readonly<Record<ViewName, string>> = {
  browse: "Browse",
  changes: "Changes",
  space: "Space",
  figures: "Figures",
  backups: "Backups",
};

const KINDS: Readonly<Record<WirePlace["kind"], string>> = {
  directory: "directory",
  shared: "in use by another process",
  remote: "on another machine",
  postgres: "PostgreSQL",
  etcd: "etcd",
};

/** The keys of the keyboard, for the help. */
const KEYS: readonly (readonly [string, string])[] = [
  ["/", "choose keys by a prefix or a range"],
  ["s", "search keys and values"],
  ["l", "go to the list"],
  ["↑ ↓ PageUp PageDown Home End", "move in the list"],
  ["Enter", "go to the chosen key"],
  ["r", "reload"],
  ["n, e, Delete", "new key, edit, delete: with --write"],
  ["1 to 5", "the views"],
  ["?", "this help"],
];

/** The page. */
export function App(): VNode {
  const { value: place, error } = useLoaded((signal) => ask<WirePlace>("place", {}, signal), []);
  const [view, setView] = useState<ViewName>("browse");
  const [told, setTold] = useState("");
  const [isHelp, setHelp] = useState(false);
  const [theme, setTheme] = useState<Theme>("system");
  const views = (Object.keys(VIEWS) as ViewName[]).filter(
    (name) => !(name === "figures" && !place?.can.metrics) && !(name === "backups" && !place?.can.backups),
  );
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    if (place) document.title = `${place.name} – luge studio`;
    const press = (event: KeyboardEvent) => {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
        return;
      const chosen = views[Number(event.key) - 1];
      if (event.key === "?") setHelp(true);
      else if (/^[1-9]$/.test(event.key) && chosen) setView(chosen);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [place, views.length]);
  return html`<div class="app">
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="top">
      <h1>luge studio</h1>
      ${
        place &&
        html`<p class="place"><strong>${place.name}</strong> <span class="tag">${KINDS[place.kind]}</span>
        <span class=${`tag ${place.canWrite ? "write" : ""}`}>${place.canWrite ? "can write" : "read only"}</span></p>`
      }
      <nav aria-label="Views">
        ${views.map(
          (name) =>
            html`<button type="button" aria-current=${view === name ? "page" : undefined} onClick=${() => setView(name)}>${VIEWS[name]}</button>`,
        )}
      </nav>
      <label class="theme">Theme
        <select value=${theme} onChange=${(event: Event) => setTheme((event.currentTarget as HTMLSelectElement).value as Theme)}>
          <option value="system">System</option><option value="light">Light</option><option value="dark">Dark</option>
        </select>
      </label>
      <button type="button" onClick=${() => setHelp(true)}>Help</button>
    </header>
    <main id="main" tabindex="-1">
      <${Problem} text=${error} />
      ${place && viewOf(view, place, setTold)}
    </main>
    <footer><p role="status">${told}</p></footer>
    ${isHelp && place && html`<${Help} place=${place} onClose=${() => setHelp(false)} />`}
  </div>`;
}

/** The address keeps no fragment: the token was there. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function viewOf(view: ViewName, place: WirePlace, tell: (text: string) => void): VNode {
  if (view === "changes") return html`<${Feed} place=${place} />`;
  if (view === "space") return html`<${Space} place=${place} />`;
  if (view === "figures") return html`<${Metrics} place=${place} />`;
  if (view === "backups") return html`<${BackupsView} place=${place} tell=${tell} />`;
  return html`<${Browse} place=${place} tell=${tell} />`;
}

function Help({ place, onClose }: { readonly place: WirePlace; readonly onClose: () => void }): VNode {
  return html`<${Dialog} title="Help" onClose=${onClose}>
    <h3>Keys</h3>
    <table><tbody>${KEYS.map(([keys, does]) => html`<tr><th scope="row"><kbd>${keys}</kbd></th><td>${does}</td></tr>`)}</tbody></table>
    ${
      place.missing.length > 0 &&
      html`<h3>What this place cannot do</h3><ul>${place.missing.map((text) => html`<li>${text}</li>`)}</ul>`
    }
  <//>`;
}
