/**
 * The bytes of a simulated file. A copy costs nothing until one of the copies changes.
 *
 * @module
 */

const PAGE_BYTES = 4096;
const ZEROS = new Uint8Array(1024 * 1024);

interface Page {
  readonly bytes: Uint8Array;
  /** The only image that may change the page. Any other image copies it first. */
  readonly owner: object;
}

/** A copy of bytes that never changes. All pages of zeros share one copy, because files are extended with zeros. */
export function frozen(bytes: Uint8Array): Uint8Array {
  const zeros = bytes[0] === 0 && bytes.length <= ZEROS.length ? ZEROS.subarray(0, bytes.length) : undefined;
  return zeros && Buffer.compare(bytes, zeros) === 0 ? zeros : bytes.slice();
}

/** Bytes and size of a file. Bytes that were never written are zero. */
export class Image {
  #pages: (Page | undefined)[] = [];
  #size = 0;
  #owner: object = {};
  /** Whether another image shares the array of pages. */
  #shared = false;

  /** The size in bytes. */
  get size(): number {
    return this.#size;
  }

  /** A copy, in constant time. */
  fork(): Image {
    const copy = new Image();
    copy.#pages = this.#pages;
    copy.#size = this.#size;
    copy.#shared = this.#shared = true;
    this.#owner = {};
    return copy;
  }

  /** Reads up to `buffer.length` bytes. Returns how many; fewer only at the end. */
  read(buffer: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(buffer.length, this.#size - position));
    for (let done = 0; done < length; ) {
      const offset = (position + done) % PAGE_BYTES;
      const count = Math.min(length - done, PAGE_BYTES - offset);
      const page = this.#pages[Math.floor((position + done) / PAGE_BYTES)];
      if (page) buffer.set(page.bytes.subarray(offset, offset + count), done);
      else buffer.fill(0, done, done + count);
      done += count;
    }
    return length;
  }

  /** All bytes. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#size);
    this.read(bytes, 0);
    return bytes;
  }

  /** Writes all of `bytes`, also beyond the end. */
  write(bytes: Uint8Array, position: number): void {
    this.patch(bytes, position);
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  /** As {@linkcode Image.write}, but keeps the size. Bytes beyond the end become visible when the file grows. */
  patch(bytes: Uint8Array, position: number): void {
    const isZero = bytes.buffer === ZEROS.buffer;
    for (let done = 0; done < bytes.length; ) {
      const offset = (position + done) % PAGE_BYTES;
      const count = Math.min(bytes.length - done, PAGE_BYTES - offset);
      const [page, part] = [Math.floor((position + done) / PAGE_BYTES), bytes.subarray(done, done + count)];
      // Bytes that were never written are zero.
      if (this.#pages[page] || !isZero) this.#own(page).set(part, offset);
      done += count;
    }
  }

  /** Cuts the file and discards the bytes after the new end, or extends it. */
  resize(size: number): void {
    if (size < this.#size) this.cut(size);
    this.#size = size;
  }

  /** Discards the bytes after `size`, but keeps the size of the file. */
  cut(size: number): void {
    this.#ownArray();
    this.#pages.length = Math.min(this.#pages.length, Math.ceil(size / PAGE_BYTES));
    const last = Math.floor(size / PAGE_BYTES);
    if (this.#pages[last]) this.#own(last).fill(0, size % PAGE_BYTES);
  }

  #own(index: number): Uint8Array {
    this.#ownArray();
    const page = this.#pages[index];
    if (page?.owner === this.#owner) return page.bytes;
    const bytes = page ? new Uint8Array(page.bytes) : new Uint8Array(PAGE_BYTES);
    this.#pages[index] = { bytes, owner: this.#owner };
    return bytes;
  }

  #ownArray(): void {
    if (!this.#shared) return;
    this.#pages = [...this.#pages];
    this.#shared = false;
  }
}
