/**
 * The figures of a store.
 *
 * @module
 */

import type { StoreMetrics } from "./api/metrics.ts";

/** The figures that the engine reports in the same unit, under the same names in snake case. */
const FIGURES = [
  "commits",
  "puts",
  "deletes",
  "putBytes",
  "gets",
  "memtableHits",
  "cacheHits",
  "cacheMisses",
  "tableHits",
  "tableMisses",
  "entriesVisited",
  "logWrittenBytes",
  "logSyncs",
  "logSegments",
  "logFileBytes",
  "logLiveBytes",
  "logMovedBytes",
  "checkpoints",
  "checkpointSteps",
  "blocksWritten",
  "blockWrittenBytes",
  "blockSyncs",
  "compressionInputBytes",
  "compressionOutputBytes",
  "blockCacheHits",
  "blockCacheMisses",
  "blockCacheBytes",
  "blockFileBytes",
  "upperTableBytes",
  "bottomTableBytes",
  "indexBytes",
  "writeBufferBytes",
  "writeBufferEntries",
  "sealedBufferBytes",
  "cacheBytes",
  "version",
  "openSnapshots",
  "oldestSnapshotMs",
] as const satisfies readonly (keyof StoreMetrics)[];

type Figure = (typeof FIGURES)[number];

const US_PER_MS = 1000;

/** The figures that the host knows, and not the engine. */
export type HostFigures = Pick<StoreMetrics, "memoryBytes" | "workerJobs" | "workerFailures">;

/** Converts the engine's figures to public names. A figure that is missing gets the value `absent`. */
export function toMetrics(
  figures: ReadonlyMap<string, number>,
  host: HostFigures,
  absent: number = Number.NaN,
): StoreMetrics {
  const figure = (name: string) => figures.get(inSnakeCase(name)) ?? absent;
  const named = Object.fromEntries(FIGURES.map((name) => [name, figure(name)])) as Record<Figure, number>;
  const [stepMs, longestStepMs] = [figure("stepUs") / US_PER_MS, figure("longestStepUs") / US_PER_MS];
  return { ...named, stepMs, longestStepMs, ...host };
}

function inSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
