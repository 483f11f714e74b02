/**
 * The versions of a key, and two of them side by side.
 *
 * @module
 */

import type { WireVersion } from "../wire.ts";
import { ask } from "./api.ts";
import { decoded } from "./decode.ts";
import { type DiffLine, diffLines } from "./diff.ts";
import { html, Problem, useLoaded, useState, type VNode } from "./dom.ts";
import { bytesOf, countText, sizeText, timeText, utf8Of, visible } from "./text.ts";
import { hexLines } from "./value_view.ts";

interface Versions {
  readonly versions: readonly WireVersion[];
  readonly more: number;
}

/** The versions of a key. The chosen one is shown beside the one before it. */
export function VersionsView({ name, reload }: { readonly name: string; readonly reload: number }): VNode {
  const { value, error } = useLoaded((signal) => ask<Versions>("versions", { key: name }, signal), [name, reload]);
  const [chosen, setChosen] = useState(0);
  const all = value?.versions ?? [];
  const index = Math.min(chosen, Math.max(0, all.length - 1));
  return html`<section aria-label="Versions">
    <h3>Versions</h3>
    <${Problem} text=${error} />
    <ol class="versions">
      ${all.map(
        (version, i) => html`<li>
        <button type="button" aria-pressed=${i === index} onClick=${() => setChosen(i)}>
          <span class="version">${version.version}</span> ${version.kind}
          ${version.size !== undefined && html`<span class="size">${sizeText(version.size)}</span>`}
          ${version.writtenAt !== undefined && html`<time>${timeText(version.writtenAt)}</time>`}
          ${version.expiresAt !== undefined && html`<span class="size">expires ${timeText(version.expiresAt)}</span>`}
        </button>
      </li>`,
      )}
    </ol>
    ${(value?.more ?? 0) > 0 && html`<p>${countText(value?.more ?? 0)} older versions are not shown.</p>`}
    ${all.length > 0 && html`<${SideBySide} before=${all[index + 1]} after=${all[index]} />`}
  </section>`;
}

function SideBySide({ before, after }: { before: WireVersion | undefined; after: WireVersion | undefined }): VNode {
  const lines = diffLines(linesOf(before), linesOf(after));
  const rows = pairsOf(lines);
  const heading = (version: WireVersion | undefined) =>
    version ? `Version ${version.version}, ${version.kind}` : "No version before";
  return html`<div class="diff" role="region" aria-label="Differences between two versions" tabindex="0">
    <table>
      <thead><tr><th scope="col">${heading(before)}</th><th scope="col">${heading(after)}</th></tr></thead>
      <tbody>${rows.map(
        ([left, right]) => html`<tr>
        <td class=${left?.kind ?? "none"}>${cell(left, "−")}</td><td class=${right?.kind ?? "none"}>${cell(right, "+")}</td>
      </tr>`,
      )}</tbody>
    </table>
  </div>`;
}

function cell(line: DiffLine | undefined, sign: string): string {
  if (!line) return "";
  return `${line.kind === "same" ? " " : sign} ${line.text}`;
}

/** Puts removed lines beside the added ones that follow them. */
function pairsOf(lines: readonly DiffLine[]): (readonly [DiffLine | undefined, DiffLine | undefined])[] {
  const rows: (readonly [DiffLine | undefined, DiffLine | undefined])[] = [];
  let [removed, added]: [DiffLine[], DiffLine[]] = [[], []];
  const flush = () => {
    for (let i = 0; i < Math.max(removed.length, added.length); i++) rows.push([removed[i], added[i]]);
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line.kind === "removed") removed.push(line);
    else if (line.kind === "added") added.push(line);
    else {
      flush();
      rows.push([line, line]);
    }
  }
  flush();
  return rows;
}

/** A value as lines: JSON with one member a line, text, or hex. */
function linesOf(version: WireVersion | undefined): string[] {
  if (version?.value === undefined) return [];
  const bytes = bytesOf(version.value);
  try {
    const value = decoded(bytes, "json");
    if (typeof value === "object" && value !== null)
      return JSON.stringify(value, undefined, 2).split("\n").map(visible);
  } catch {
    // It is no JSON.
  }
  const text = utf8Of(bytes);
  return text === undefined ? hexLines(bytes) : text.split("\n").map(visible);
}
