/**
 * An open file whose writes wait behind the syncs before them.
 *
 * @module
 */

import type { OpenFile } from "../api/file_system.ts";
import { fileSystemError, requireOffset } from "../fs/filesystem.ts";
import { writeAll } from "../fs/write_all.ts";
import type { Ticket } from "./lane_queue.ts";
import type { Lane, Lanes } from "./lanes.ts";
import { PendingWrites } from "./pending_writes.ts";

/** What all handles of one file have in common. */
export class SharedFile {
  /** Where it is, or was before it was removed. */
  path: string;
  lane: Lane;
  /** How many files of the lower file system are open. */
  handles = 0;
  readonly writes: PendingWrites = new PendingWrites();

  constructor(path: string, lane: Lane) {
    this.path = path;
    this.lane = lane;
  }
}

/** What an {@linkcode OrderedFile} needs. */
export interface OrderedFileParts {
  readonly lower: OpenFile;
  readonly shared: SharedFile;
  readonly lanes: Lanes;
  readonly writable: boolean;
  /** How many bytes may wait in a lane. */
  readonly maxQueuedBytes: number;
  /** Called when the lower file has been closed. */
  readonly closed: (file: OrderedFile) => void;
}

/** One handle of a file. What waits is visible through all of them. */
export class OrderedFile implements OpenFile {
  readonly #parts: OrderedFileParts;
  readonly #lower: OpenFile;
  readonly #lanes: Lanes;
  /** Of the last thing asked of this handle. */
  #last: Ticket | undefined;
  #closed = false;

  constructor(parts: OrderedFileParts) {
    this.#parts = parts;
    this.#lower = parts.lower;
    this.#lanes = parts.lanes;
  }

  /** What it shares with other handles of the file. */
  get shared(): SharedFile {
    return this.#parts.shared;
  }

  read(buffer: Uint8Array, position: number): number {
    this.#requireOpen("read");
    const { writes } = this.shared;
    return writes.end === 0 ? this.#lower.read(buffer, position) : writes.read(this.#lower, buffer, position);
  }

  /** A write that has to wait takes all bytes, copies of them. */
  write(buffer: Uint8Array, position: number): number {
    this.#requireOpen("write");
    const { lane, path } = this.shared;
    if (this.#lanes.isFree(lane)) return this.#lower.write(buffer, position);
    requireOffset(position, "write", path);
    if (!this.#parts.writable) throw fileSystemError("EBADF", "write", path);
    this.#lanes.makeRoom(lane, buffer.length, this.#parts.maxQueuedBytes);
    if (this.#lanes.isFree(lane)) return this.#lower.write(buffer, position);
    if (buffer.length > 0) this.#writeLater(new Uint8Array(buffer), position);
    return buffer.length;
  }

  size(): number {
    this.#requireOpen("stat");
    return Math.max(this.#lower.size(), this.shared.writes.end);
  }

  /** Never waits: what has to be done before it is done first. */
  truncate(size: number): void {
    this.#requireOpen("truncate");
    const { lane } = this.shared;
    if (!this.#lanes.isFree(lane)) this.#lanes.drain(lane);
    this.#lower.truncate(size);
  }

  /** Asks for a sync: it has been done when {@linkcode Lanes.settled} of the lane says so. */
  sync(): void {
    this.#requireOpen("sync");
    this.#last = this.#lanes.sync(this.shared.lane, {
      carryOut: () => this.#lower.sync(),
      begin: () => this.#lower.syncOffThread(),
    });
  }

  /** Asks for a sync and waits for it. */
  async syncOffThread(): Promise<void> {
    this.sync();
    await this.#lanes.settled(this.shared.lane);
  }

  /** Idempotent. The lower file stays open until all that was asked of this handle is done. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const waits = this.#last !== undefined && !this.#last.done && !this.#lanes.stopped;
    if (waits) this.#lanes.closeLater(this.shared.lane, () => this.#closeLower());
    else this.#closeLower();
  }

  /** Closes the lower file now, which must be open. The lanes must have been stopped. */
  abandon(): void {
    this.#closed = true;
    this.#closeLower();
  }

  #writeLater(bytes: Uint8Array, position: number): void {
    const { lane, writes } = this.shared;
    const write = () => {
      writeAll(this.#lower, bytes, position, this.shared.path);
      writes.removeFirst();
    };
    this.#last = this.#lanes.changeLater(lane, write, bytes.length);
    writes.add(position, bytes);
  }

  #closeLower(): void {
    try {
      this.#lower.close();
    } finally {
      this.#parts.closed(this);
    }
  }

  #requireOpen(action: string): void {
    if (this.#closed) throw fileSystemError("EBADF", action, this.shared.path);
    this.#lanes.requireRunning();
  }
}
