/**
 * What the engine has open, by the numbers that it knows.
 *
 * @module
 */

import type { HostDirectory } from "./directory.ts";
import { HostFile } from "./file.ts";
import type { HostOutput } from "./output.ts";

/** The directory that is opened ahead. */
export const ROOT = 3;
/** Standard input, output and error, and the root. */
const FIRST_FREE = 4;

/** Something open. */
export type Descriptor = HostFile | HostDirectory | HostOutput;

/** Numbers are used again, lowest first, as POSIX has it. */
export class Descriptors {
  readonly #open: (Descriptor | undefined)[];

  /** There is no standard input. */
  constructor(output: HostOutput, root: HostDirectory) {
    this.#open = [undefined, output, output, root];
  }

  /** What a number stands for. */
  get(number: number): Descriptor | undefined {
    return this.#open[number];
  }

  /** Gives something the lowest free number. */
  add(descriptor: Descriptor): number {
    let number = FIRST_FREE;
    while (this.#open[number] !== undefined) number += 1;
    this.#open[number] = descriptor;
    return number;
  }

  /** Frees a number. */
  remove(number: number): void {
    this.#open[number] = undefined;
  }

  /** How many files and directories the engine has opened. */
  get count(): number {
    return this.#open.slice(FIRST_FREE).filter((descriptor) => descriptor !== undefined).length;
  }

  /** Forgets every file; none is closed. */
  forgetFiles(): void {
    for (const [number, descriptor] of this.#open.entries()) {
      if (descriptor instanceof HostFile) this.remove(number);
    }
  }
}
