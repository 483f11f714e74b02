/**
 * Backups and restores through the owner.
 *
 * @module
 */

import type { BackupOptions, RestoreOptions, RestoreResult } from "../api/backup.ts";
import { checkSignal, OptionNames, wrongType } from "../options.ts";
import { deferred, onAbort } from "../promises.ts";
import { isUint8Array } from "../realm.ts";
import { byteStream } from "../store/byte_stream.ts";
import type { Client } from "./client.ts";
import { Kind } from "./frame.ts";
import { ownerLost } from "./owner_errors.ts";
import { Pieces } from "./pieces.ts";

const BACKUP = new OptionNames<BackupOptions>({ since: true, signal: true }, { example: "{ since }" });
const RESTORE = new OptionNames<RestoreOptions>({ signal: true }, { example: "{ signal }" });

/** The most bytes of one message. */
const MESSAGE_BYTES = 1024 * 1024;

/** See `Store.backup`. It errors with `OWNER_LOST` if the owner ends. */
export function sharedBackup(
  client: Client,
  options: BackupOptions | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { since, signal: given } = BACKUP.read(options);
  const signal = checkSignal(given);
  signal?.throwIfAborted();
  const again = () => {
    throw ownerLost("back up");
  };
  const call = { method: "backup", args: [{ since }] };
  const pieces = new Pieces<Uint8Array<ArrayBuffer>>(client, call, { arrived: () => {}, again });
  return byteStream({ next: () => pieces.next(), end: () => pieces.cancel() }, signal);
}

/** See `Store.restore`. Rejects with `OWNER_LOST` if the owner ends. */
export async function sharedRestore(
  client: Client,
  stream: ReadableStream<Uint8Array>,
  options: RestoreOptions | undefined,
): Promise<RestoreResult> {
  const signal = checkSignal(RESTORE.read(options).signal);
  signal?.throwIfAborted();
  const reader = stream.getReader();
  const failed = deferred<never>();
  const send = async () => {
    const { done, value } = await reader.read();
    if (done) {
      open.send(Kind.END);
      return;
    }
    if (!isUint8Array(value)) wrongType("stream", value, "a stream of Uint8Array", "argument");
    for (let at = 0; at < value.length; at += MESSAGE_BYTES) {
      open.send(Kind.ITEMS, value.subarray(at, at + MESSAGE_BYTES));
    }
    // The owner asks again only after a piece.
    if (value.length === 0) await send();
  };
  const open = client.open(
    { method: "restore", args: [] },
    {
      piece: () => void send().catch((error: unknown) => failed.reject(error)),
      again: () => {
        throw ownerLost("restore");
      },
    },
  );
  const release = onAbort(signal, () => failed.reject(signal?.reason));
  try {
    return (await Promise.race([open.result, failed.promise])) as RestoreResult;
  } catch (error) {
    // The owner ends the restore before the next one may begin.
    open.send(Kind.CANCEL);
    await open.result.catch(() => {});
    // What the source does with its end does not matter any more.
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    release();
    reader.releaseLock();
  }
}
