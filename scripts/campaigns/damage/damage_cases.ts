/**
 * All damages of a run, by number. First every possible damage of some small files, then random damages.
 *
 * @module
 */

import { Random } from "../../lib/random.ts";
import { build, SHAPES, type Shape } from "../stores/shapes.ts";
import { DAMAGE_KINDS, type Damaged, damage, flip, truncate } from "./damage.ts";

/** Files up to this size are cut at every length, and every byte of them is damaged. */
const SMALL_BYTES = 1500;
/** A large step, so that the random numbers of two seeds never overlap. */
const SEED_STEP = 1_000_003;

/** A damaged store, and its original shape. */
export interface Case {
  readonly shape: Shape;
  readonly damaged: Damaged;
}

/** A damage that has not been done yet. */
type Prepared = () => Case | undefined;

/** The cases of a seed. */
export class DamageCases {
  readonly #seed: number;
  readonly #shapes: readonly { readonly shape: Shape; readonly other: Shape }[];
  readonly #systematic: readonly Prepared[];

  private constructor(seed: number, shapes: readonly { shape: Shape; other: Shape }[]) {
    this.#seed = seed;
    this.#shapes = shapes;
    this.#systematic = shapes.flatMap(({ shape }) => systematic(shape));
  }

  /** Builds stores of these shapes, to be damaged. */
  static async of(seed: number, names: readonly string[] = SHAPES): Promise<DamageCases> {
    const shapes = [];
    for (const name of names)
      shapes.push({ shape: await build(name, 2 * seed), other: await build(name, 2 * seed + 1) });
    return new DamageCases(seed, shapes);
  }

  /** The number of cases that do not depend on the seed. */
  get systematic(): number {
    return this.#systematic.length;
  }

  /** Case `number`; `undefined` if the damage changes nothing. */
  case(number: number): Case | undefined {
    const prepared = this.#systematic[number];
    return prepared ? prepared() : this.random(number);
  }

  /** A random case. */
  random(number: number): Case | undefined {
    const random = new Random(this.#seed * SEED_STEP + number);
    const sources = random.pick(this.#shapes);
    const damaged = damage(sources, random.pick(DAMAGE_KINDS), random);
    return damaged && { shape: sources.shape, damaged };
  }
}

function systematic(shape: Shape): Prepared[] {
  const small = [...shape.image].filter(([, bytes]) => bytes.length <= SMALL_BYTES);
  return small.flatMap(([file, { length }]) => {
    const lengths = Array.from({ length }, (_, size) => size);
    return [
      ...lengths.map((size) => () => ({ shape, damaged: truncate(shape.image, file, size) as Damaged })),
      ...lengths.map((at) => () => ({ shape, damaged: flip(shape.image, file, at, 1 << (at % 8)) })),
    ];
  });
}
