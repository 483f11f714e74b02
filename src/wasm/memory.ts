/**
 * The engine's linear memory: requests in, replies out. Only this file and the host's file transfers read or write it.
 *
 * @module
 */

import type { KeyEncoding } from "../api/keys.ts";
import {
  type ChangePlace,
  FRAME_ROOM,
  type FramedEntries,
  type Operations,
  type Page,
  type StoredNewest,
  type StoredOperation,
  type VersionPlace,
} from "../backend.ts";
import type { ByteRange } from "../byte_range.ts";
import { EncodedBatch } from "../encoded_batch.ts";
import { StoreError } from "../errors.ts";
import { formatKeys, type KeyFormat } from "../key_format.ts";
import { writeAll, writtenBytes } from "./batch.ts";
import {
  ENTRY_HEADER_BYTES,
  type EngineExports,
  KEPT_BUFFER_BYTES,
  LARGE_VALUE,
  LEAST_REQUEST_BYTES,
  NO_VALUE,
  ReplyNumber,
  ReplyWord,
  VERSIONED_HEADER_BYTES,
  Work,
} from "./interface.ts";
import { mayShare, OwnedBytes } from "./owned_bytes.ts";
import { copiesOf, versionsOf, viewsOf } from "./page_values.ts";

/** A loop copies up to this many bytes faster than `set`. */
const SHORT_BYTES = 32;
const NO_WORDS = new Uint32Array(0);

/** Marshals bytes between JavaScript and one engine instance. */
export class EngineMemory {
  readonly #exports: EngineExports;
  readonly #header: number;
  readonly #owned = new OwnedBytes();
  #request = 0;
  #capacity = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #words: Uint32Array;
  #numbers: Float64Array;

  /** The instance must be initialised. */
  constructor(exports: EngineExports) {
    this.#exports = exports;
    this.#header = exports.luge_reply();
    this.#bytes = new Uint8Array(bufferOf(exports));
    this.#words = new Uint32Array(exports.memory.buffer);
    this.#numbers = new Float64Array(exports.memory.buffer);
  }

  /** Puts `first`, `second` and `third` one after the other into the request buffer. Throws `OUT_OF_MEMORY` if it cannot grow. */
  request(first: Uint8Array, second: Uint8Array | undefined, third?: Uint8Array): void {
    const length = first.length + (second?.length ?? 0) + (third?.length ?? 0);
    this.#makeRoom(length);
    const bytes = this.#view();
    const at = this.#request;
    if (first.length <= SHORT_BYTES) for (let i = 0; i < first.length; i++) bytes[at + i] = first[i] as number;
    else bytes.set(first, at);
    if (second) bytes.set(second, at + first.length);
    if (third) bytes.set(third, at + length - third.length);
  }

  /** Puts the operations of a batch into the request buffer, as {@linkcode request} does. Returns how many bytes they take. */
  requestOf(operations: Operations): number {
    if (operations instanceof EncodedBatch) {
      const { encoded } = operations;
      this.request(encoded, undefined);
      return encoded.length;
    }
    const all: readonly StoredOperation[] = Array.isArray(operations) ? operations : [...operations];
    const length = writtenBytes(all);
    this.#makeRoom(length);
    writeAll(all, this.#view(), this.#request);
    return length;
  }

  /** The length of the reply in bytes, even before it is read. */
  get replyLength(): number {
    return this.#word(ReplyWord.length);
  }

  /** How many entries the reply has. */
  get replyCount(): number {
    return this.#word(ReplyWord.count);
  }

  /** Whether the engine has background work, as of the last write or step. */
  get hasWork(): boolean {
    return (this.#word(ReplyWord.work) & Work.SOME) !== 0;
  }

  /** Whether the next commits have to do some of that work, as of the last write or step. */
  get isBehind(): boolean {
    return (this.#word(ReplyWord.work) & Work.BEHIND) !== 0;
  }

  /** How many syncs of the log the engine asked for so far. */
  get askedSyncs(): number {
    return this.#word(ReplyWord.askedSyncs);
  }

  /** Whether the next step would block for a sync of the log, as of the last write, step or end of a sync. */
  get isWaiting(): boolean {
    return (this.#word(ReplyWord.work) & Work.WAITING) !== 0;
  }

  /** A field of the reply header that is a `u32`, such as {@linkcode ReplyWord.jobs}. */
  replyWord(field: number): number {
    return this.#word(field);
  }

  /** A field of the reply header that is an `f64`, such as {@linkcode ReplyNumber.version}. */
  replyNumber(field: number): number {
    this.#view();
    return this.#numbers[this.#header / 8 + field] ?? 0;
  }

  /** The place where the versions of a key continue, from the reply. */
  get replyVersionPlace(): VersionPlace {
    return { below: this.replyNumber(ReplyNumber.nextVersion), listed: this.#word(ReplyWord.nextListed) };
  }

  /** From now on small replies may share buffers with each other, if that is faster. */
  shareBuffers(): void {
    this.#owned.share();
  }

  /** A copy of the reply, which the caller owns. */
  reply(): Uint8Array<ArrayBuffer> {
    const view = this.#view();
    const [word, words] = [this.#header >>> 2, this.#words];
    const address = words[word + ReplyWord.address] as number;
    return this.#owned.copy(view, words, address, words[word + ReplyWord.length] as number);
  }

  /** Copies the reply into `target` at `at`. Returns the length of the reply in bytes. */
  replyInto(target: Uint8Array, at: number): number {
    const view = this.#view();
    const address = this.#word(ReplyWord.address);
    const length = this.replyLength;
    target.set(view.subarray(address, address + length), at);
    return length;
  }

  /** The reply as text. */
  replyText(): string {
    return new TextDecoder().decode(this.reply());
  }

  /**
   * The reply as a page of entries of a range. `more` says that the range may continue after it. Each value has its own
   * buffer, or the values are views of one buffer that nothing else uses and that cannot be transferred.
   */
  replyPage<E extends KeyEncoding>(format: KeyFormat<E>, range: ByteRange, more: boolean): Page<E> {
    const view = this.#view();
    const { replyCount: count } = this;
    const address = this.#word(ReplyWord.address);
    // On V8 a copy costs as much as the rest of a small page. So make a single copy if the values may be views of it.
    const { keysOnly: withoutValues = false, withVersions = false } = range;
    const isShared = !withoutValues && count > 1 && mayShare();
    // Versions are read as aligned numbers, from a buffer of their own.
    const bytes =
      isShared || withVersions
        ? view.slice(address, address + this.replyLength)
        : view.subarray(address, address + this.replyLength);
    const keysAt = count * (withVersions ? VERSIONED_HEADER_BYTES : ENTRY_HEADER_BYTES);
    const words = count === 0 ? NO_WORDS : new Uint32Array(bytes.buffer, bytes.byteOffset, keysAt / 4);
    const stride = withVersions ? VERSIONED_HEADER_BYTES / 4 : ENTRY_HEADER_BYTES / 4;
    const ends = new Array<number>(count);
    let end = 0;
    for (let i = 0; i < count; i++) ends[i] = end += words[stride * i] as number;
    // Decoders cannot read a view of memory that may grow.
    const keys = isShared ? bytes.subarray(keysAt, keysAt + end) : bytes.slice(keysAt, keysAt + end);
    let values: Uint8Array<ArrayBuffer>[] = [];
    if (isShared) values = viewsOf(bytes, keysAt + end, words, stride);
    else if (!withoutValues) values = copiesOf(bytes, keysAt + end, words, stride);
    // If the range does not continue after the last entry, the engine says where it continues.
    const lastLength = more ? this.#word(ReplyWord.nextKeyLength) : 0;
    let last: Uint8Array | undefined;
    if (lastLength > 0) last = bytes.slice(bytes.length - lastLength);
    else if (more) last = keys.slice(ends[count - 2] ?? 0);
    const page = { keys: formatKeys(keys, ends, format), values, last, isShared };
    return withVersions ? { ...page, ...versionsOf(bytes, count) } : page;
  }

  /**
   * The reply as a page of changes. Each change has its own bytes. If the engine says that there is more, `next` is
   * where it starts.
   */
  replyChanges(): { entries: StoredNewest[]; next: ChangePlace } {
    const view = this.#view();
    const { replyCount: count } = this;
    const address = this.#word(ReplyWord.address);
    // A separate buffer, because its content is read as aligned words.
    const bytes = view.slice(address, address + this.replyLength);
    const words = new Uint32Array(bytes.buffer, 0, bytes.length >>> 2);
    const numbers = new Float64Array(bytes.buffer, 0, (count * VERSIONED_HEADER_BYTES) / 8);
    const changes: StoredNewest[] = [];
    let keyAt = count * VERSIONED_HEADER_BYTES;
    let valueAt = keyAt;
    for (let i = 0; i < count; i++) valueAt += words[6 * i] as number;
    for (let i = 0; i < count; i++) {
      const [keyLength = 0, valueLength = 0] = [words[6 * i], words[6 * i + 1]];
      const isLarge = valueLength === LARGE_VALUE;
      const gone = isLarge || valueLength === NO_VALUE;
      changes.push({
        key: bytes.slice(keyAt, keyAt + keyLength),
        value: gone ? undefined : bytes.slice(valueAt, valueAt + valueLength),
        version: numbers[3 * i + 1] ?? 0,
        expiresMs: numbers[3 * i + 2] ?? 0,
        isLarge,
      });
      keyAt += keyLength;
      valueAt += gone ? 0 : valueLength;
    }
    return {
      entries: changes,
      next: { key: bytes.slice(valueAt), version: this.replyNumber(ReplyNumber.nextVersion) },
    };
  }

  /** The reply as entries of a frame of a backup. If the engine says that there is more, `next` is where it starts. */
  replyFrame(): { framed: FramedEntries; next: ChangePlace } {
    const view = this.#view();
    const address = this.#word(ReplyWord.address);
    const end = address + this.replyLength;
    const entriesEnd = end - this.#word(ReplyWord.nextKeyLength);
    const [gone, content] = [this.#word(ReplyWord.gone), this.#word(ReplyWord.content)];
    const bytes = new Uint8Array(FRAME_ROOM.before + entriesEnd - address + FRAME_ROOM.after);
    bytes.set(view.subarray(address, entriesEnd), FRAME_ROOM.before);
    return {
      framed: { bytes: bytes.subarray(FRAME_ROOM.before, -FRAME_ROOM.after), values: this.replyCount, gone, content },
      next: { key: view.slice(entriesEnd, end), version: this.replyNumber(ReplyNumber.nextVersion) },
    };
  }

  /** A field of the reply header that is a `u32`. */
  #word(field: number): number {
    this.#view();
    return this.#words[this.#header / 4 + field] ?? 0;
  }

  #makeRoom(length: number): void {
    if (length <= this.#capacity && this.#capacity <= KEPT_BUFFER_BYTES) return;
    const address = this.#exports.luge_reserve(length);
    if (address === 0) {
      this.#capacity = 0;
      throw new StoreError("OUT_OF_MEMORY", `Cannot send ${length} bytes to the engine: its memory cannot grow`);
    }
    this.#request = address;
    this.#capacity = Math.max(length, LEAST_REQUEST_BYTES);
  }

  /** A view of the whole memory. Growing the memory detaches every view, so this takes a new one then. */
  #view(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(bufferOf(this.#exports));
      this.#words = new Uint32Array(this.#exports.memory.buffer);
      this.#numbers = new Float64Array(this.#exports.memory.buffer);
    }
    return this.#bytes;
  }
}

/** Never shared: the engine has one thread. */
function bufferOf(exports: EngineExports): ArrayBuffer {
  return exports.memory.buffer as ArrayBuffer;
}
