/**
 * The common part of all cases of a replay.
 *
 * @module
 */

import { dirname, join } from "node:path";
import process from "node:process";
import type * as Luge from "../../../mod.ts";

/** The public module of any build. */
export type Module = typeof Luge;

/** One fault, replayed through the public interface only. */
export interface Case {
  readonly name: string;
  /** The result that a user expects. */
  readonly wanted: string;
  /** Returns the result in a few words. `directory` is new and empty. */
  readonly run: (luge: Module, directory: string) => Promise<string>;
}

/** Options of a user who makes a mistake. */
// biome-ignore lint/suspicious/noExplicitAny: the types would refuse the mistake.
export type Mistake = any;

/** `"done"`, or the code or name of the error. */
export async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return "done";
  } catch (error) {
    const { code, name } = error as { code?: unknown; name?: string };
    // Web errors have numeric codes.
    return typeof code === "string" ? code : (name ?? String(error));
  }
}

/** Settles after some milliseconds. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The result of `work`, or `otherwise` if `work` takes longer than `ms` milliseconds. */
export async function within<T>(ms: number, otherwise: T, work: Promise<T>): Promise<T> {
  return await Promise.race([work, pause(ms).then(() => otherwise)]);
}

/** The path of the replayed module. */
export function modulePath(): string {
  return process.argv[3] as string;
}

/** The arguments that make this runtime run a program which imports the module. */
export function runtimeArguments(program: string): string[] {
  if (!("Deno" in globalThis)) return [program];
  return ["run", `--config=${join(dirname(modulePath()), "deno.json")}`, "--allow-all", "--no-check", program];
}
