import { headerOf } from "../backups.ts";
import { type CliCommand, command } from "../command.ts";
import { checked, UsageError } from "../exit_codes.ts";
import { STANDARD, type Write, writeWhole } from "../files.ts";
import { integer } from "../options.ts";
import { bytesText } from "../progress.ts";
import type { Session } from "../session.ts";
import { metricsOf } from "../store.ts";

interface BackupCommandOptions {
  readonly output: string;
  readonly since?: number;
  readonly sinceFile?: string;
  readonly gzip?: boolean;
  readonly force?: boolean;
}

/** `luge backup`. */
export const backup: CliCommand = command<[], BackupCommandOptions>({
  name: "backup",
  summary: "write a backup of the store, or what changed since another one",
  details:
    "A backup has the newest version of each key, as the store is at one moment. An increment has only the changes since another backup, with deletions. " +
    "It continues exactly that backup. The output file is whole and durable, or absent.",
  examples: `
$ luge backup shop --output full.backup
full.backup: version 0 to …, …
$ luge put shop user/mary Shelley
$ luge backup shop --since-file full.backup --gzip --output increment.backup.gz
increment.backup.gz: version … to …, …
$ luge backup shop --output - | gzip > piped.backup.gz`,
  define: (command) => {
    command
      .requiredOption("-o, --output <file>", "the file, or - for standard output")
      .option("--since <version>", "only the changes after that commit", integer(0))
      .option("--since-file <backup>", "only the changes after that backup, which the new one continues")
      .option("--gzip", "compress the backup")
      .option("--force", "replace an existing file");
  },
  run: async (session, _, options) => {
    const { output, force = false } = options;
    const since = await sinceOf(options, session);
    const made = await session.withStore("read", async (store) => {
      const stream = checked(() => store.backup({ ...(since === undefined ? {} : { since }), signal: session.signal }));
      const to = store.version;
      const total = liveBytes(await metricsOf(store));
      const size = await writeWhole(output, { output: session.output, force }, (write) =>
        writeStream(session, stream, write, { gzip: options.gzip ?? false, total: since === undefined ? total : 0 }),
      );
      return { file: output, from: since ?? 0, to, size };
    });
    const text = `${output}: version ${made.from} to ${made.to}, ${bytesText(made.size)}`;
    if (output !== STANDARD) await session.result(made, text);
  },
});

async function sinceOf({ since, sinceFile }: BackupCommandOptions, session: Session): Promise<number | undefined> {
  if (since !== undefined && sinceFile !== undefined) {
    throw new UsageError("Wrong options: expected --since or --since-file, got both");
  }
  return sinceFile === undefined ? since : (await headerOf(sinceFile, session)).to;
}

/** About how many bytes a full backup has. */
function liveBytes(metrics: {
  upperTableBytes: number;
  bottomTableBytes: number;
  logLiveBytes: number;
  writeBufferBytes: number;
}): number {
  return metrics.upperTableBytes + metrics.bottomTableBytes + metrics.logLiveBytes + metrics.writeBufferBytes;
}

/** Returns how many bytes were written. */
async function writeStream(
  session: Session,
  stream: ReadableStream<Uint8Array>,
  write: Write,
  { gzip, total }: { readonly gzip: boolean; readonly total: number },
): Promise<number> {
  let [read, written] = [0, 0];
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, controller) => {
      read += piece.length;
      controller.enqueue(piece);
    },
  });
  const counted = stream.pipeThrough(counter);
  const compressor = () => new CompressionStream("gzip") as ReadableWritablePair<Uint8Array, Uint8Array>;
  const copy = async () => {
    for await (const piece of gzip ? counted.pipeThrough(compressor()) : counted) {
      await write(piece);
      written += piece.length;
    }
    return written;
  };
  return await session.whileShown("backup", "bytes", () => [read, total], copy());
}
