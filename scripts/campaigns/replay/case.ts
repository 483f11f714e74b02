/**
 * What the cases of a replay share.
 *
 * @module
 */

import { dirname, join } from "node:path";
import process from "node:process";
import type * as Luge from "../../../mod.ts";

/** The public module, of whichever build. */
export type Module = typeof Luge;

/** One fault, replayed over the public interface alone. */
export interface Case {
  readonly name: string;
  /** What a user expects. */
  readonly wanted: string;
  /** Says in a few words what happened; `directory` is new and empty. */
  readonly run: (luge: Module, directory: string) => Promise<string>;
}

/** Options as a user writes them who makes a mistake. */
// biome-ignore lint/suspicious/noExplicitAny: the types would refuse the mistake.
export type Mistake = any;

/** `"done"`, or the code or name of what was thrown. */
export async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    const { code, name } = error as { code?: unknown; name?: string };
    // Those of the Web have numbers.
    return typeof code === "string" ? code : (name ?? String(error));
  }
}

/** Settles after some milliseconds. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The same as `work`, or `otherwise` when it takes longer than some milliseconds. */
export async function within<T>(ms: number, otherwise: T, work: Promise<T>): Promise<T> {
  return await Promise.race([work, pause(ms).then(() => otherwise)]);
}

/** The path of the module that is replayed. */
export function modulePath(): string {
  return process.argv[3] as string;
}

/** The arguments with which this runtime runs a program that imports the module. */
export function runtimeArguments(program: string): string[] {
  if (!("Deno" in globalThis)) return [program];
  return ["run", `--config=${join(dirname(modulePath()), "deno.json")}`, "--allow-all", "--no-check", program];
}
