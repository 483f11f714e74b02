/**
 * The view of space: by prefix, by part of the store, and what can be freed.
 *
 * @module
 */

import type { WireBranch, WireDivision, WireLevel, WireMetrics, WirePlace, WireSize } from "../wire.ts";
import { ask } from "./api.ts";
import { Bar, html, Problem, useLoaded, useState, type VNode } from "./dom.ts";
import { Task } from "./progress_task.ts";
import { bytesOf, countText, keyText, sizeText, visible } from "./text.ts";
import { branchCount, divisionFields } from "./tree_view.ts";

/** The view. */
export function Space({ place }: { readonly place: WirePlace }): VNode {
  const [reload, setReload] = useState(0);
  return html`<section class="space" aria-label="Space">
    <div class="cards">
      ${place.can.metrics && html`<${Levels} reload=${reload} />`}
      <${Prefixes} reload=${reload} />
      ${place.can.verify && html`<${Maintenance} place=${place} onDone=${() => setReload(reload + 1)} />`}
    </div>
  </section>`;
}

/** Parts of the files, as the figures of the store have them. */
function partsOf({ metrics }: WireMetrics): {
  parts: readonly (readonly [string, number])[];
  files: number;
  live: number;
} {
  const {
    upperTableBytes,
    bottomTableBytes,
    logLiveBytes,
    indexBytes,
    writeBufferBytes,
    logFileBytes,
    blockFileBytes,
  } = metrics;
  const files = logFileBytes + blockFileBytes + indexBytes;
  const parts = [
    ["Upper level of the table", upperTableBytes],
    ["Bottom level of the table", bottomTableBytes],
    ["Large values in the log", logLiveBytes],
    ["Write buffer, which is also in the log", writeBufferBytes],
    ["Index", indexBytes],
  ] as const;
  const used = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  return { parts, files, live: Math.min(used, files) };
}

function Levels({ reload }: { readonly reload: number }): VNode {
  const { value, error } = useLoaded((signal) => ask<WireMetrics>("metrics", {}, signal), [reload]);
  const { parts, files, live } = value ? partsOf(value) : { parts: [], files: 0, live: 0 };
  const line = (name: string, bytes: number) =>
    html`<tr><th scope="row">${name}</th><td><${Bar} part=${bytes} whole=${files} /></td><td class="number">${sizeText(bytes)}</td></tr>`;
  return html`<div class="card">
    <h2>Files</h2>
    <${Problem} text=${error} />
    ${
      value &&
      html`<p>${sizeText(files)} of files. <strong>${sizeText(files - live)} can be freed</strong> by a compaction.</p>
      <table class="bars"><tbody>${parts.map(([name, bytes]) => line(name, bytes))}${line("Reclaimable", files - live)}</tbody></table>`
    }
  </div>`;
}

interface Prefixed {
  readonly division: WireDivision | undefined;
  readonly branches: readonly WireBranch[];
  readonly more: boolean;
  readonly all: WireSize;
}

async function prefixesOf(signal: AbortSignal): Promise<Prefixed> {
  const { division } = await ask<{ division?: WireDivision }>("division", {}, signal);
  const all = await ask<WireSize>("size", {}, signal);
  if (!division) return { division, branches: [], more: false, all };
  const { branches, next } = await ask<WireLevel>("tree", divisionFields(division), signal);
  return { division, branches: branches.toSorted((a, b) => b.bytes - a.bytes), more: next !== undefined, all };
}

function Prefixes({ reload }: { readonly reload: number }): VNode {
  const { value, error, isLoading } = useLoaded(prefixesOf, [reload]);
  const total = value?.branches.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  return html`<div class="card">
    <h2>By prefix</h2>
    <${Problem} text=${error} />
    ${isLoading && html`<p class="note">Looking…</p>`}
    ${
      value &&
      html`<p>${value.all.isExact ? "" : "About "}${countText(value.all.count)} keys, ${sizeText(value.all.bytes)} in the table and in memory.
      Values of 4 KiB or more are in the log, and do not count here.</p>
      ${!value.division && html`<p>The keys have no separator that most of them share. Choose one in Browse.</p>`}
      <table class="bars"><tbody>${value.branches.map(
        (
          branch,
        ) => html`<tr><th scope="row">${visible(branch.label)}</th><td><${Bar} part=${branch.bytes} whole=${total} /></td>
        <td class="number">${sizeText(branch.bytes)}</td><td class="number">${branchCount(branch)}</td></tr>`,
      )}</tbody></table>
      ${value.more && html`<p class="note">There are more prefixes: Browse has all.</p>`}`
    }
  </div>`;
}

interface Verified {
  readonly entries: number;
  readonly damages: readonly { file: string; offset: number; message: string; from: string }[];
}

function Maintenance({ place, onDone }: { readonly place: WirePlace; readonly onDone: () => void }): VNode {
  const verified = ({ entries, damages }: Verified) =>
    damages.length === 0
      ? `${countText(entries)} entries of the table read, and the log: no damage.`
      : html`<div><p>${countText(entries)} entries of the table read, ${countText(damages.length)} damages:</p><ul>${damages.map(
          ({ file, offset, message, from }) =>
            html`<li>${file} at byte ${offset}: ${message}; keys from ${keyText(bytesOf(from), false)}</li>`,
        )}</ul></div>`;
  const compacted = ({ bytesBefore, bytesAfter }: { bytesBefore: number; bytesAfter: number }) =>
    `${sizeText(bytesBefore)} before, ${sizeText(bytesAfter)} after.`;
  return html`<div class="card">
    <h2>Care</h2>
    <p>A verification reads everything and changes nothing.</p>
    <${Task} label="Verify" route="verify" say=${verified} />
    ${
      place.can.compact &&
      html`<p>A compaction frees the space of what was overwritten, deleted or has expired.</p>
      <${Task} label="Compact" route="compact" say=${compacted} onDone=${onDone} />`
    }
  </div>`;
}
