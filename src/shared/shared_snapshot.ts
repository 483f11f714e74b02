/**
 * Snapshots that the owner keeps.
 *
 * @module
 */

import type { Snapshot } from "../api/reader.ts";
import type { ViewReader } from "../api/view_reader.ts";
import { StoreError } from "../errors.ts";
import type { KeySpace } from "../key_space.ts";
import { ReadView } from "../store/read_view.ts";
import { checkView } from "../store/reader_part.ts";
import type { Client } from "./client.ts";
import type { OpenCall } from "./open_call.ts";
import { ownerLost } from "./owner_errors.ts";
import { SharedReader } from "./shared_reader.ts";
import { heldOpen, type SharedOpen } from "./shared_source.ts";

const UNKNOWN = "the connection ended before the owner said which version that is, and writes came after; begin again";

/** Ends the snapshots that were collected as garbage. */
const forgotten = new FinalizationRegistry<OpenCall>((open) => open.cancel());

/** A {@linkcode Snapshot} of a store of another process. It survives the owner while the store keeps its version. */
export class SharedSnapshot extends SharedReader implements Snapshot {
  readonly open: SharedOpen;
  readonly #call: OpenCall;
  readonly #known: Known;
  #isOpen = true;

  constructor(client: Client, space: KeySpace, options: object | undefined) {
    super(client, space);
    const known: Known = { version: undefined, error: undefined };
    this.#known = known;
    this.#call = openAt(client, options, known);
    this.open = heldOpen(this.#call.id, (action) => {
      if (!this.#isOpen) throw new StoreError("STORE_CLOSED", `Cannot ${action}: the snapshot was disposed of`);
      if (known.error) throw known.error;
    });
    forgotten.register(this, this.#call, this);
  }

  /** The version that it reads. Known once the owner has answered: after the first read. */
  get version(): number {
    const { version, error } = this.#known;
    if (version !== undefined) return version;
    throw (
      error ?? new StoreError("NOT_OWNER", "Cannot tell the version: the owner has not answered; await a read first")
    );
  }

  view<T, K, P>(view: ViewReader<T, K, P>): ViewReader<T, K, P> {
    const { space, codecs } = checkView(view, this.client);
    return new ReadView(new SharedReaderPart(this.client, space, this.open), codecs);
  }

  dispose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    forgotten.unregister(this);
    this.#call.cancel();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Whether it is one of this client. */
  isOf(client: Client): boolean {
    return this.client === client;
  }
}

/** Reads of a part, where another reader reads. */
export class SharedReaderPart extends SharedReader {
  readonly open: SharedOpen;

  constructor(client: Client, space: KeySpace, open: SharedOpen) {
    super(client, space);
    this.open = open;
  }
}

/** What is known of a snapshot. Its call must not reference the snapshot itself. */
interface Known {
  version: number | undefined;
  error: Error | undefined;
}

function openAt(client: Client, options: object | undefined, known: Known): OpenCall {
  const { begunWrites } = client;
  const isOfNow = (options as { readonly version?: unknown } | undefined)?.version === undefined;
  const call = client.open(
    { method: "snapshot", args: options === undefined ? [] : [options] },
    {
      piece: (body) => {
        [, known.version] = body as [number, number];
      },
      again: (before) => {
        if (known.version !== undefined) return { ...before, args: [{ version: known.version }] };
        // Another owner may have what this process wrote after the snapshot.
        if (isOfNow && begunWrites !== client.begunWrites) throw ownerLost("read the snapshot", UNKNOWN);
        return before;
      },
    },
  );
  call.result.catch((error: Error) => {
    known.error = error;
  });
  return call;
}
