/**
 * Many crashes on each runtime in turn. Several crashes follow each other in one directory.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runtime } from "../../lib/runtimes.ts";
import { Oracle } from "./oracle.ts";
import { type CrashResult, crash, type Power } from "./run.ts";

const RUNS_A_DIRECTORY = 7;

/** The sums over all crashes on one runtime. */
export interface CampaignRow {
  runs: number;
  acknowledged: number;
  lost: number;
  resurrected: number;
  wrong: number;
  failedOpens: number;
  longestOpenMs: number;
  jobs: number;
  workerKills: number;
}

/** The directory of some crashes. */
export interface Place {
  readonly path: string;
  /** Absent if only processes are killed. */
  readonly power?: Power;
  remove(): void;
}

/** Callbacks of a campaign. */
export interface CampaignOptions {
  /** Called and awaited after each crash. */
  readonly onRun?: (done: number, problem: string | undefined) => void | Promise<void>;
  /** Returns whether no more crash may begin. */
  readonly isOver?: () => boolean;
  readonly newPlace?: () => Place;
}

/** Runs `runs` crashes. */
export async function campaign(
  runs: number,
  runtimes: readonly Runtime[],
  seed: number,
  { onRun = () => {}, isOver = () => false, newPlace = temporaryPlace }: CampaignOptions = {},
): Promise<Record<string, CampaignRow>> {
  const table: Record<string, CampaignRow> = {};
  for (let done = 0; done < runs && !isOver(); ) {
    const place = newPlace();
    const oracle = new Oracle();
    try {
      for (let i = 0; i < RUNS_A_DIRECTORY && done < runs && !isOver(); i++) {
        const runtime = runtimes[done % runtimes.length] ?? "node";
        const result = await crash(runtime, join(place.path, "store"), seed + done, oracle, place.power);
        table[runtime] = added(table[runtime], result);
        done += 1;
        await onRun(done, problemOf(result, `runtime ${runtime}, seed ${seed + done - 1}`));
        if (result.failedOpen) break;
      }
    } finally {
      place.remove();
    }
  }
  return table;
}

function temporaryPlace(): Place {
  const path = mkdtempSync(join(tmpdir(), "luge-crash-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Whether no crash caused a fault. */
export function isClean(table: Record<string, CampaignRow>): boolean {
  return Object.values(table).every((row) => row.lost + row.resurrected + row.wrong + row.failedOpens === 0);
}

const EMPTY: CampaignRow = {
  runs: 0,
  acknowledged: 0,
  lost: 0,
  resurrected: 0,
  wrong: 0,
  failedOpens: 0,
  longestOpenMs: 0,
  jobs: 0,
  workerKills: 0,
};

function added(row: CampaignRow = EMPTY, result: CrashResult): CampaignRow {
  return {
    runs: row.runs + 1,
    acknowledged: row.acknowledged + result.acknowledged,
    lost: row.lost + result.lost,
    resurrected: row.resurrected + result.resurrected,
    wrong: row.wrong + result.wrong,
    failedOpens: row.failedOpens + (result.failedOpen ? 1 : 0),
    longestOpenMs: Math.max(row.longestOpenMs, Math.round(result.openMs)),
    jobs: row.jobs + result.jobs,
    workerKills: row.workerKills + result.workerKills,
  };
}

function problemOf({ lost, resurrected, wrong, failedOpen }: CrashResult, where: string): string | undefined {
  if (failedOpen) return `failed open (${where}): ${String(failedOpen)}`;
  return lost + resurrected + wrong > 0
    ? `lost ${lost}, resurrected ${resurrected}, wrong ${wrong} (${where})`
    : undefined;
}
