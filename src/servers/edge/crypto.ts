/**
 * Takes the place of `node:crypto` in bundles for runtimes that have no modules of Node: the digest of backups, SHA-256
 * (FIPS 180-4). Where there is a process, it takes the module from that, which is faster.
 *
 * `crypto.subtle` is no help: it answers with a promise, and what writes and reads backups makes and checks each frame
 * without one. Embedded stores use the same code, and would wait for the event loop at each frame.
 *
 * @module
 */

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUNDS: Int32Array = new Int32Array(64);
/** The same of the square roots of the first eight. */
const START: Int32Array = new Int32Array(8);

/** Fractions of doubles are exact enough: no bit of the 32 depends on what is rounded. */
function fraction(number: number): number {
  return ((number - Math.floor(number)) * 2 ** 32) | 0;
}

for (let candidate = 2, found = 0; found < ROUNDS.length; candidate++) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) isPrime = false;
  if (!isPrime) continue;
  if (found < START.length) START[found] = fraction(Math.sqrt(candidate));
  ROUNDS[found] = fraction(Math.cbrt(candidate));
  found += 1;
}

/** What luge uses of a hash of `node:crypto`. */
interface Digest {
  update(bytes: Uint8Array): Digest;
  digest(): Uint8Array;
}

interface Crypto {
  createHash(name: string): Digest;
}

const own = globalThis.process as { getBuiltinModule?: (name: string) => Crypto | undefined } | undefined;

/** As the function of `node:crypto`, for `"sha256"`. */
export function createHash(name: string): Digest {
  return own?.getBuiltinModule?.("node:crypto")?.createHash(name) ?? new Sha256();
}

/** The digest of some bytes. */
export class Sha256 implements Digest {
  readonly #state: Int32Array = START.slice();
  readonly #block: Uint8Array = new Uint8Array(BLOCK_BYTES);
  readonly #words: Int32Array = new Int32Array(64);
  #filled = 0;
  #bytes = 0;

  update(bytes: Uint8Array): this {
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + BLOCK_BYTES - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === BLOCK_BYTES) this.#mix();
    }
    return this;
  }

  digest(): Uint8Array {
    const bits = this.#bytes * 8;
    this.#block[this.#filled] = 0x80;
    this.#block.fill(0, this.#filled + 1);
    if (this.#filled >= BLOCK_BYTES - LENGTH_BYTES) {
      this.#mix();
      this.#block.fill(0);
    }
    const view = new DataView(this.#block.buffer);
    view.setUint32(BLOCK_BYTES - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(BLOCK_BYTES - 4, bits >>> 0);
    this.#mix();
    const result = new Uint8Array(this.#state.length * 4);
    const words = new DataView(result.buffer);
    for (const [i, word] of this.#state.entries()) words.setInt32(i * 4, word);
    return result;
  }

  /** Mixes a full block into the state. */
  #mix(): void {
    const words = this.#words;
    const view = new DataView(this.#block.buffer);
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(i * 4);
    for (let i = 16; i < 64; i++) {
      const [a, b] = [words[i - 15] as number, words[i - 2] as number];
      const low = rotated(a, 7) ^ rotated(a, 18) ^ (a >>> 3);
      const high = rotated(b, 17) ^ rotated(b, 19) ^ (b >>> 10);
      words[i] = ((words[i - 16] as number) + low + (words[i - 7] as number) + high) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.#state as unknown as Eight;
    for (let i = 0; i < 64; i++) {
      const choice = (e & f) ^ (~e & g);
      const sum = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const first = (h + sum + choice + (ROUNDS[i] as number) + (words[i] as number)) | 0;
      const majority = (a & b) ^ (a & c) ^ (b & c);
      const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) {
      this.#state[i] = ((this.#state[i] as number) + word) | 0;
    }
    this.#filled = 0;
  }
}

type Eight = [number, number, number, number, number, number, number, number];

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
