/**
 * Links over sockets of the runtime.
 *
 * @module
 */

import type { Socket } from "node:net";
import { putAll } from "../bytes.ts";
import { queueMicrotask } from "../clock.ts";
import { deferred } from "../promises.ts";
import { isErrorLike } from "../realm.ts";
import { FrameReader } from "./frame.ts";
import type { Link, Receiver } from "./link.ts";

/** A link over a socket that is connected. */
export class SocketLink implements Link {
  readonly #socket: Socket;
  readonly #receiver: Receiver;
  readonly #reader: FrameReader;
  #error: Error | undefined;
  #hasEnded = false;
  /** Nothing is received any more, although the end has not come. */
  #isDestroyed = false;
  #draining: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  /** The frames of one turn, which one write sends. */
  #frames: Uint8Array[] = [];
  #frameBytes = 0;

  /** Frames of more bytes end the link. */
  constructor(socket: Socket, receiver: Receiver, mostBytes: number) {
    this.#socket = socket;
    this.#receiver = receiver;
    this.#reader = new FrameReader(mostBytes);
    socket.setNoDelay?.(true);
    socket.on("data", (bytes) => this.#take(bytes as Uint8Array));
    socket.on("drain", () => this.#drained());
    socket.on("error", (error: unknown) => {
      this.#error ??= isErrorLike(error) ? (error as Error) : new Error(String(error));
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => this.#end());
  }

  get queuedBytes(): number {
    return this.#socket.writableLength + this.#frameBytes;
  }

  send(frame: Uint8Array): void {
    if (this.#hasEnded || this.#isDestroyed || this.#error) return;
    if (this.#frames.length === 0) queueMicrotask(() => this.#flush());
    this.#frames.push(frame);
    this.#frameBytes += frame.length;
  }

  drained(): Promise<void> {
    if (this.#hasEnded || this.queuedBytes === 0) return Promise.resolve();
    this.#draining ??= deferred<void>();
    return this.#draining.promise;
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  keepAlive(isNeeded: boolean): void {
    if (isNeeded) this.#socket.ref();
    else this.#socket.unref();
  }

  end(): void {
    this.#flush();
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#isDestroyed = true;
    this.#socket.destroy();
  }

  #flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    const bytes = frames.length === 1 ? (frames[0] as Uint8Array) : putAll(frames, new Uint8Array(this.#frameBytes));
    this.#frames = [];
    this.#frameBytes = 0;
    this.#socket.write(bytes);
    if (this.#socket.writableLength === 0) this.#drained();
  }

  #take(bytes: Uint8Array): void {
    try {
      // A plain array: methods of a Buffer, such as `slice`, share its memory.
      const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      for (const message of this.#reader.read(plain)) {
        if (this.#hasEnded || this.#isDestroyed || this.#error) return;
        this.#receiver.received(message);
      }
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #drained(): void {
    this.#draining?.resolve();
    this.#draining = undefined;
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#reader.isInside) this.#error ??= new Error("the connection ended inside a frame");
    this.#drained();
    this.#receiver.ended(this.#error);
  }
}
