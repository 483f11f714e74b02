const SMALLEST_CAPACITY = 1024;

/** The bytes of a file. Reads and writes are positional. */
export interface FileBytes {
  readonly size: number;
  /** Returns how many bytes were read, fewer than asked for only at the end. */
  read(buffer: Uint8Array, position: number): number;
  write(buffer: Uint8Array, position: number): void;
  resize(size: number): void;
}

/** The bytes of a file in memory. The capacity doubles, so that n appended bytes cost O(n). */
export class MemoryBytes implements FileBytes {
  /** What lies behind `#size` is zero at all times. */
  #buffer: Uint8Array = new Uint8Array(0);
  #size = 0;

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** Copies what there is at `position` into `buffer`; returns how many bytes. */
  read(buffer: Uint8Array, position: number): number {
    const end = Math.min(this.#size, position + buffer.length);
    if (position >= end) return 0;
    buffer.set(this.#buffer.subarray(position, end));
    return end - position;
  }

  /** Copies all of `buffer` to `position`; throws a `RangeError`, with nothing changed, when memory runs out. */
  write(buffer: Uint8Array, position: number): void {
    if (buffer.length === 0) return;
    const end = position + buffer.length;
    this.#reserve(end);
    this.#buffer.set(buffer, position);
    this.#size = Math.max(this.#size, end);
  }

  /** Cuts, giving memory back when little is left, or extends with zeros; throws as {@linkcode MemoryBytes.write}. */
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
