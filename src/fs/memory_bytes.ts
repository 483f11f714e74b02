const SMALLEST_CAPACITY = 1024;

/** The bytes of a file. Reads and writes are positional. */
export interface FileBytes {
  readonly size: number;
  /** Returns how many bytes were read. They are fewer than asked for only at the end of the file. */
  read(buffer: Uint8Array, position: number): number;
  write(buffer: Uint8Array, position: number): void;
  resize(size: number): void;
}

/** The bytes of a file in memory. The capacity doubles, so that n appended bytes cost O(n). */
export class MemoryBytes implements FileBytes {
  /** All bytes after `#size` are always zero. */
  #buffer: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** The size in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Copies the bytes at `position` into `buffer`. Returns how many bytes it copied. */
  read(buffer: Uint8Array, position: number): number {
    const end = Math.min(this.#size, position + buffer.length);
    if (position >= end) return 0;
    buffer.set(this.#buffer.subarray(position, end));
    return end - position;
  }

  /** Copies all of `buffer` to `position`. If memory runs out, throws a `RangeError` and changes nothing. */
  write(buffer: Uint8Array, position: number): void {
    if (buffer.length === 0) return;
    const end = position + buffer.length;
    this.#reserve(end);
    this.#buffer.set(buffer, position);
    this.#size = Math.max(this.#size, end);
  }

  /**
   * Cuts the file, and frees memory if little is left; or extends it with zeros. Throws as {@linkcode
   * MemoryBytes.write} does.
   */
  resize(size: number): void {
    if (size > this.#size) this.#reserve(size);
    else if (size < this.#buffer.length / 4) this.#buffer = this.#buffer.slice(0, size);
    else this.#buffer.fill(0, size, this.#size);
    this.#size = size;
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length, SMALLEST_CAPACITY));
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = larger;
  }
}
