/**
 * The disk side of an engine: when everything is written or durable, and how it releases its files.
 *
 * @module
 */

import type { Disk } from "../backend.ts";
import { clock } from "../clock.ts";
import { type EngineCalls, ioError } from "./calls.ts";
import { Status } from "./interface.ts";
import type { Jobs } from "./jobs.ts";
import type { Room } from "./room.ts";

/** The disk of one engine. */
export class EngineDisk implements Disk {
  readonly #calls: EngineCalls;
  readonly #room: Room;
  readonly #jobs: Jobs;

  constructor(calls: EngineCalls, room: Room, jobs: Jobs) {
    this.#calls = calls;
    this.#jobs = jobs;
    this.#room = room;
  }

  /** The state after the last write or step. */
  get isBehind(): boolean {
    return this.#calls.memory.isBehind;
  }

  congestion(): Promise<void> | undefined {
    const waiting =
      this.#calls.settled("write", "table") ??
      (this.#calls.memory.isWaiting ? this.#calls.settled("write") : undefined);
    return waiting ?? this.#jobs.awaited();
  }

  writeOut(): Promise<void> | undefined {
    const waits = this.#calls.run("write", (exports) => exports.luge_write_out(0)) === Status.More;
    return waits ? this.#calls.settled("write")?.then(() => this.writeOut()) : undefined;
  }

  sync(): Promise<void> | undefined {
    const waits = this.#calls.run("flush", (exports) => exports.luge_begin_sync()) === Status.More;
    const settled = this.#calls.settled("flush");
    return waits ? settled?.then(() => this.sync()) : settled;
  }

  writeOutNow(): void {
    this.#calls.run("write", (exports) => exports.luge_write_out(1));
  }

  syncNow(): void {
    this.#calls.run("flush", (exports) => exports.luge_sync());
  }

  async filesSettled(): Promise<void> {
    await this.#calls.allSettled("compact");
    this.#room.renew();
  }

  async endSegments(): Promise<void> {
    this.#room.toWrite();
    await this.sync();
    this.#calls.run("fork", (exports) => exports.luge_end_segments(0));
    await this.#calls.allSettled("fork");
  }

  endSegmentsNow(): void {
    this.#room.toWrite();
    this.#calls.run("fork", (exports) => exports.luge_end_segments(1));
    this.#calls.finishSyncs("fork");
  }

  onFailure(listener: (error: unknown) => void): void {
    this.#calls.host.onFailure((cause) => listener(ioError("write", cause)));
    this.#jobs.onFailure(listener);
  }

  onSync(listener: (ms: number) => void): void {
    this.#calls.host.onSync(listener);
  }

  closeStep(): boolean {
    if (this.#room.isMissing) return false;
    const more = this.#calls.run("close", (exports) => exports.luge_close_step(clock.now())) === Status.More;
    this.#jobs.pumpIfOn();
    return more;
  }

  async close(): Promise<void> {
    // If there is no room to move the memtables into the table, the next open recovers their entries from the log.
    const { isMissing } = this.#room;
    // A worker that is ready only now must not reach an engine that is closed.
    const stopped = this.#jobs.stop();
    this.#calls.run("close", (exports) => (isMissing ? exports.luge_sync() : exports.luge_close(clock.now())));
    await this.#calls.allSettled("close");
    await stopped;
    try {
      this.#calls.host.abandon();
    } catch (cause) {
      throw ioError("close", cause);
    }
  }
}
