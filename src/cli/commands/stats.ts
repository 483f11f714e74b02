import type { StoreMetrics } from "../../../mod.ts";
import { type CliCommand, command } from "../command.ts";
import { Histogram, type HistogramBin, share } from "../histogram.ts";
import { bytesText, countText, entriesText } from "../progress.ts";
import type { Session } from "../session.ts";
import { type CliStore, metricsOf } from "../store.ts";

/** How many entries are read between two looks at the signal. */
const ENTRIES_A_LOOK = 1000;

/** `luge stats`. */
export const stats: CliCommand = command<[], object>({
  name: "stats",
  summary: "show entries, sizes of keys and values, and space",
  details: "Reads everything once. compact frees the reclaimable space; later writes free it, too.",
  examples: `
$ luge stats shop
shop: 6 entries, version …
…`,
  define: () => {},
  run: async (session) => {
    const found = await session.withStore("read", (store, { bytes }) => measure(session, store, bytes));
    await session.result(
      { ...found, keys: found.keys.toJson(), values: found.values.toJson() },
      textOf(session, found),
    );
  },
});

interface Space {
  /** Bytes of all files. */
  readonly files: number;
  /** Bytes in use. */
  readonly live: number;
  /** Bytes that a compaction can free. */
  readonly reclaimable: number;
}

interface Stats {
  readonly entries: number;
  readonly version: number;
  readonly keys: Histogram;
  readonly values: Histogram;
  readonly space: Space;
}

async function measure(session: Session, store: CliStore, fileBytes: number): Promise<Stats> {
  const [keys, values] = [new Histogram(), new Histogram()];
  using snapshot = store.snapshot();
  const total = await snapshot.count({}, { signal: session.signal });
  const progress = session.progress("stats", "entries");
  try {
    for await (const [key, value] of snapshot.entries({ keyEncoding: "bytes" })) {
      keys.add(key.length);
      values.add(value.length);
      if (keys.count % ENTRIES_A_LOOK !== 0) continue;
      session.signal.throwIfAborted();
      progress.update(keys.count, total);
    }
  } finally {
    progress.stop();
  }
  const space = spaceOf(await metricsOf(store), fileBytes);
  return { entries: keys.count, version: store.version, keys, values, space };
}

function textOf(session: Session, { entries, version, keys, values, space }: Stats): string {
  const { files, live, reclaimable } = space;
  const total = Math.max(files, 1);
  return [
    `${session.directory}: ${entriesText(entries)}, version ${version}`,
    ...histogramText("keys", keys),
    ...histogramText("values", values),
    `files  ${bytesText(files)}`,
    `  live         ${share(live, total)} ${bytesText(live)}`,
    `  reclaimable  ${share(reclaimable, total)} ${bytesText(reclaimable)}`,
  ].join("\n");
}

function histogramText(name: string, histogram: Histogram): string[] {
  const most = Math.max(...histogram.bins().map(({ count }) => count), 1);
  const label = ({ from, to }: HistogramBin) => (from === to ? `${from} B` : `${from} to ${to} B`);
  const lines = histogram
    .bins()
    .map((bin) => `  ${label(bin).padStart(22)}  ${share(bin.count, most)} ${countText(bin.count)}`);
  return [`${name}  ${bytesText(histogram.sum)}`, ...lines];
}

/**
 * Entries of the write buffer are also in the log, and nowhere else yet. `fileBytes` is 0 if this process has not looked
 * at the files.
 */
function spaceOf(metrics: StoreMetrics, fileBytes: number): Space {
  const { upperTableBytes, bottomTableBytes, logLiveBytes, indexBytes, writeBufferBytes } = metrics;
  const files = fileBytes || metrics.logFileBytes + metrics.blockFileBytes + indexBytes;
  const used = upperTableBytes + bottomTableBytes + logLiveBytes + indexBytes + writeBufferBytes;
  const live = Math.min(used, files);
  return { files, live, reclaimable: files - live };
}
