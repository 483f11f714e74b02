/**
 * The view of backups: the chain, and restoring to a point of it.
 *
 * @module
 */

import type { WireBackup, WirePlace } from "../wire.ts";
import { ask, askLines } from "./api.ts";
import { Dialog } from "./dialog.ts";
import { html, Problem, useLoaded, useState, type VNode } from "./dom.ts";
import { Task, type TaskLine } from "./progress_task.ts";
import { sizeText, timeText } from "./text.ts";

interface Listed {
  readonly directory: string;
  readonly backups: readonly WireBackup[];
}

/** The view. */
export function BackupsView({
  place,
  tell,
}: {
  readonly place: WirePlace;
  readonly tell: (text: string) => void;
}): VNode {
  const [reload, setReload] = useState(0);
  const [restored, setRestored] = useState<WireBackup>();
  const { value, error } = useLoaded((signal) => ask<Listed>("backups", {}, signal), [reload]);
  const all = value?.backups ?? [];
  const newest = all.filter(({ to }) => to !== undefined).at(-1);
  const made = ({ file }: { file: string }) => `Wrote ${file}.`;
  const again = () => setReload((count) => count + 1);
  return html`<section class="backups" aria-label="Backups">
    <p class="count" role="status">${all.length} files in ${value?.directory ?? "…"}</p>
    <${Problem} text=${error} />
    ${
      place.canWrite &&
      html`<div class="toolbar" role="group" aria-label="Make a backup">
      <${Task} label="Back up everything" route="make-backup" say=${made} onDone=${again} />
      ${
        newest &&
        html`<${Task} key=${newest.file} label=${`Back up what changed since version ${newest.to}`} route="make-backup"
        fields=${{ since: newest.to }} say=${made} onDone=${again} />`
      }
    </div>`
    }
    <ol class="chain">
      ${all.map(
        (backup) => html`<li class=${linkOf(backup, all)}><${BackupLine} backup=${backup} all=${all}
        onRestore=${place.canWrite ? setRestored : undefined} /></li>`,
      )}
    </ol>
    ${
      restored &&
      html`<${RestoreDialog} backup=${restored} directory=${value?.directory ?? ""} onClose=${() => setRestored(undefined)}
      onDone=${(directory: string) => tell(`Restored to ${directory}`)} />`
    }
  </section>`;
}

/** Whether a backup can be restored: it is full, or others lead to it. */
function isReachable({ isIncrement, from, problem }: WireBackup, all: readonly WireBackup[]): boolean {
  if (problem !== undefined) return false;
  if (!isIncrement) return true;
  return all.some(
    (other) =>
      other.to === from && other.to !== undefined && (other.from ?? 0) < (from ?? 0) && isReachable(other, all),
  );
}

function linkOf(backup: WireBackup, all: readonly WireBackup[]): string {
  if (backup.problem !== undefined) return "wrong";
  if (!backup.isIncrement) return "full";
  return isReachable(backup, all) ? "increment" : "gap";
}

interface LineProps {
  readonly backup: WireBackup;
  readonly all: readonly WireBackup[];
  readonly onRestore: ((backup: WireBackup) => void) | undefined;
}

function BackupLine({ backup, all, onRestore }: LineProps): VNode {
  const { file, size, from, to, created, isIncrement, problem } = backup;
  if (problem !== undefined) return html`<strong>${file}</strong> <span class="note">no backup: ${problem}</span>`;
  return html`<strong>${file}</strong>
    <span>${isIncrement ? `increment, version ${from} to ${to}` : `full, version ${to}`}</span>
    <span class="size">${sizeText(size)}</span>
    ${created !== undefined && html`<time>${timeText(created)}</time>`}
    ${!isReachable(backup, all) && html`<span class="problem">the backup before it is missing</span>`}
    ${onRestore && isReachable(backup, all) && html`<button type="button" onClick=${() => onRestore(backup)}>Restore to here…</button>`}`;
}

interface RestoreProps {
  readonly backup: WireBackup;
  readonly directory: string;
  readonly onDone: (directory: string) => void;
  readonly onClose: () => void;
}

function RestoreDialog({ backup, directory, onDone, onClose }: RestoreProps): VNode {
  const [name, setName] = useState(`restored-${backup.to}`);
  const run = async () => {
    const lines = askLines<TaskLine<{ directory: string }>>(
      "restore-backup",
      { to: backup.to, name },
      new AbortController().signal,
    );
    for await (const { result } of lines) if (result) onDone(result.directory);
  };
  return html`<${Dialog} title=${`Restore to version ${backup.to}`} action="Restore" isReady=${/^[\w][\w.-]*$/.test(name)} onAction=${run} onClose=${onClose}>
    <p>luge restores the chain up to <strong>${backup.file}</strong> into a new directory in ${directory}. The open store does not change.</p>
    <label class="field">Name of the directory
      <input type="text" value=${name} onInput=${(event: Event) => setName((event.currentTarget as HTMLInputElement).value)} />
    </label>
  <//>`;
}
