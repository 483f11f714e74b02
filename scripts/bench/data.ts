/**
 * Keys, values and choices of keys. A seed decides them, so they are the same for every store.
 *
 * @module
 */

import { randomNumbers } from "../lib/random.ts";
import type { Entries } from "./contract.ts";

const KEY_DIGITS = 11;
const KEY_BYTES = 1 + KEY_DIGITS;
const ZERO = "0".charCodeAt(0);
const DISTINCT_VALUES = 1024;

/**
 * The keys of numbers. Each is a flat string. If a string were still a concatenation, the engine would flatten it during the
 * measurement.
 */
export function keysOf(numbers: ArrayLike<number>): string[] {
  const bytes = Buffer.alloc(KEY_BYTES, "k");
  return Array.from(numbers, (number) => {
    let rest = number;
    for (let at = KEY_BYTES - 1; at > 0; at--) {
      bytes[at] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    return bytes.toString("latin1");
  });
}

/** A key of 12 bytes. Keys sort in the order of `i`. */
export function keyOf(i: number): string {
  return `k${String(i).padStart(KEY_DIGITS, "0")}`;
}

/** The numbers below `count` in an order that looks random: the shuffle of Fisher and Yates. */
export function shuffled(count: number, seed: number): Uint32Array {
  const random = randomNumbers(seed);
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    const number = numbers[i] as number;
    numbers[i] = numbers[other] as number;
    numbers[other] = number;
  }
  return numbers;
}

/** Values that do not compress. */
export function valuesOf(bytes: number, count: number = DISTINCT_VALUES): Uint8Array[] {
  const random = randomNumbers(bytes);
  return Array.from({ length: count }, () => Buffer.from(Uint8Array.from({ length: bytes }, () => random() * 256)));
}

/** How many documents differ. Two of them are rarely near each other. */
const DISTINCT_DOCUMENTS = 16_384;
const NAMES = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Alan", "Margaret", "Tony", "Radia"];
const CITIES = ["Berlin", "Hamburg", "Paris", "Lyon", "Roma", "Wien", "Oslo", "Bergen", "Praha", "Genève"];
const WORDS = ["order", "shipped", "paid", "open", "late", "gift", "fragile", "return", "express", "held"];

/** JSON documents of about 400 bytes, as an application stores them: the same names, other values. */
function documentsOf(seed: number): Uint8Array[] {
  const random = randomNumbers(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = (from: readonly string[]) => from[below(from.length)];
  return Array.from({ length: DISTINCT_DOCUMENTS }, (_, id) => {
    const name = `${pick(NAMES)} ${pick(NAMES)}`;
    const address = {
      street: `${pick(NAMES)}-Straße ${below(300)}`,
      city: pick(CITIES),
      zip: `${10_000 + below(90_000)}`,
    };
    const createdAt = new Date(1_700_000_000_000 + below(1e11)).toISOString();
    const amount = below(500_000) / 100;
    const tags = [pick(WORDS), pick(WORDS), pick(WORDS)];
    const session = Array.from({ length: 4 }, () =>
      below(2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    ).join("");
    const email = `user${below(1e6)}@example.com`;
    const comment = Array.from({ length: 12 }, () => pick(WORDS)).join(" ");
    const active = below(2) === 0;
    return Buffer.from(
      JSON.stringify({
        id,
        name,
        email,
        address,
        createdAt,
        amount,
        currency: "EUR",
        tags,
        active,
        session,
        comment,
        score: below(100),
      }),
    );
  });
}

/** The entries of `count` keys in random order, with JSON documents of about 400 bytes. */
export function documentEntries(count: number): Entries {
  const documents = documentsOf(5);
  const keys = keysOf(shuffled(count, 1));
  return { keys, values: keys.map((_, i) => documents[i % documents.length] as Uint8Array) };
}

/** The entries of `count` keys, in random or in key order. */
export function entriesOf(count: number, order: "random" | "sorted", valueBytes: number, seed = 1): Entries {
  const numbers = order === "random" ? shuffled(count, seed) : Uint32Array.from({ length: count }, (_, i) => i);
  const values = valuesOf(valueBytes, Math.min(DISTINCT_VALUES, Math.max(1, Math.floor(2 ** 22 / valueBytes))));
  const keys = keysOf(numbers);
  return { keys, values: keys.map((_, i) => values[i % values.length] as Uint8Array) };
}

/**
 * Numbers below `count`. A few are frequent, by Zipf's law with the exponent 0.99, as in YCSB. The method is from Gray and
 * others, "Quickly generating billion-record synthetic databases", SIGMOD 1994.
 */
export function zipfian(count: number, seed: number): () => number {
  const theta = 0.99;
  const random = randomNumbers(seed);
  let zeta = 0;
  for (let i = 1; i <= count; i++) zeta += 1 / i ** theta;
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / count) ** (1 - theta)) / (1 - (1 + 0.5 ** theta) / zeta);
  return () => {
    const u = random();
    const uz = u * zeta;
    if (uz < 1) return 0;
    if (uz < 1 + 0.5 ** theta) return 1;
    return Math.min(count - 1, Math.floor(count * (eta * u - eta + 1) ** alpha));
  };
}
