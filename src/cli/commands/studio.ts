import { once } from "node:events";
import { statSync } from "node:fs";
import type { AsyncStore } from "../../../mod.ts";
import type { StudioPlace, WireSlow } from "../../studio/mod.ts";
import { isPostgres, shownAny, withAny } from "../any_place.ts";
import { type CliCommand, command } from "../command.ts";
import { isEtcd } from "../etcd_place.ts";
import { FailedError, UsageError } from "../exit_codes.ts";
import { integer } from "../options.ts";
import type { ReadFiles, Session, SlowOptions } from "../session.ts";
import { type CliStore, isShared } from "../store.ts";
import { backupsIn } from "../studio_backups.ts";

interface StudioCommandOptions {
  readonly write?: boolean;
  readonly host: string;
  readonly port: number;
  readonly backups?: string;
  readonly slow: number;
}

/** Nothing listens beyond this machine unless the user says so. */
const DEFAULT_HOST = "127.0.0.1";
/** How many slow operations the studio shows, the latest ones. */
const MOST_SLOW = 200;

/** `luge studio`. */
export const studio: CliCommand = command<[], StudioCommandOptions>({
  name: "studio",
  summary: "look at a store in the browser, until Ctrl-C",
  details:
    "Prints an address for the browser. The part after # is a token: who has it can use the studio. Without --write the studio changes nothing. " +
    "With --write other programs can use the store meanwhile, if they open it with `shared: true`. " +
    "The place may be a directory, luge://host:port, postgres://host/database?table=name or etcd://host:port/prefix.",
  examples: `
$ timeout -s INT 3 luge studio shop || true
http://127.0.0.1:…/#…
$ mkdir -p backups
$ timeout -s INT 3 luge studio shop --write --backups backups --json || true
{"url":"http://127.0.0.1:…/#…","canWrite":true}`,
  standalone: "place",
  define: (command) => {
    command
      .option("--write", "also put, delete, compact and restore")
      .option("--port <number>", "the port; 0 for a free one", port, 0)
      .option(
        "--host <host>",
        "the address to listen on; beyond this machine others can read what is sent",
        DEFAULT_HOST,
      )
      .option("--backups <directory>", "a directory of backups, to show and restore")
      .option("--slow <milliseconds>", "operations that take as long are shown as slow", integer(1), 50);
  },
  run: async (session, _, options) => {
    const { write = false, backups } = options;
    if (backups !== undefined && !statSync(backups, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`Wrong directory of backups '${backups}': expected an existing directory`);
    }
    const log: WireSlow[] = [];
    const slow = { slowOperation: options.slow, logger: slowLogger(log) };
    await withPlace(session, { canWrite: write, slow }, async (place) => {
      const made = backups === undefined ? undefined : backupsIn(backups, place.store, session);
      await serve(
        session,
        { ...place, backups: made, slow: place.kind === "directory" ? () => log : undefined },
        options,
      );
    });
  },
});

function port(text: string): number {
  const value = integer(0)(text);
  if (value <= 65_535) return value;
  throw new UsageError(`Wrong port ${text}: expected 0 to 65535`);
}

/** Keeps what is slow, and nothing else: the address must stay in sight on the terminal. */
function slowLogger(log: WireSlow[]): SlowOptions["logger"] {
  const ignore = () => {};
  const keep = (message: string) => {
    log.push({ time: Date.now(), message });
    if (log.length > MOST_SLOW) log.shift();
  };
  return { debug: ignore, info: ignore, warn: keep, error: keep };
}

interface PlaceOptions {
  readonly canWrite: boolean;
  readonly slow: SlowOptions;
}

/** Opens the place of a session, and tells what it can do. */
async function withPlace(
  session: Session,
  { canWrite, slow }: PlaceOptions,
  use: (place: StudioPlace) => Promise<void>,
): Promise<void> {
  const name = shownAny(session.directory);
  const kind = isEtcd(session.directory) ? "etcd" : isPostgres(session.directory) ? "postgres" : undefined;
  if (kind) {
    await withAny(session, "read", (store: AsyncStore) => use({ name, kind, store, canWrite, isLive: true }));
    return;
  }
  const access = !canWrite ? "read" : session.isRemote ? "change" : "join";
  await session.withStore(access, (store, files) => use(placeOf(session, { name, store, files, canWrite })), { slow });
}

interface Opened {
  readonly name: string;
  readonly store: CliStore;
  readonly files: ReadFiles;
  readonly canWrite: boolean;
}

function placeOf(session: Session, { name, store, files, canWrite }: Opened): StudioPlace {
  const ofOthers = isShared(store) && store.role === "client";
  return {
    name,
    kind: session.isRemote ? "remote" : ofOthers ? "shared" : "directory",
    store,
    canWrite,
    isLive: isShared(store),
    metrics: async () => (isShared(store) ? await store.ownerMetrics() : store.metrics()),
    latencies: async () => (isShared(store) ? await store.ownerLatencies() : store.latencies()),
    verify: (signal) => store.verify({ signal }),
    compact: (signal) => store.compact({ signal }),
    progress: files.bytes > 0 ? () => ({ done: files.bytesRead(), total: files.bytes }) : undefined,
  };
}

async function serve(session: Session, place: StudioPlace, { host, port }: StudioCommandOptions): Promise<void> {
  const { json, output, signal } = session;
  const { isLoopback, loadPage, startStudio } = await import("../../studio/mod.ts");
  const page = await loadPage();
  const running = await startStudio({ place, page, host, port }).catch((error: Error) => {
    throw new FailedError(`Cannot listen on ${host}, port ${port}: ${error.message}`);
  });
  try {
    const { url } = running;
    const warning = isLoopback(host)
      ? ""
      : "\nNothing is encrypted: others on the way can read the token and the store";
    await output.line(json ? JSON.stringify({ url, canWrite: place.canWrite }) : `${url}${warning}`);
    await output.flush();
    if (!signal.aborted) await once(signal, "abort");
  } finally {
    await running.close();
  }
}
