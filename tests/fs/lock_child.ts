/**
 * The other process in the lock tests. It executes the commands on its standard input: one JSON command per line, one
 * JSON answer per line. It ends with its input.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import type { DirectoryLock } from "../../src/api/file_system.ts";
import { type LockOptions, lockDirectory } from "../../src/fs/lock.ts";
import { NodeFileSystem } from "../../src/fs/node.ts";
import { errorCode } from "../../src/fs/node_errors.ts";

/** The commands of a child. */
export type Command =
  | { readonly do: "lock"; readonly directory: string; readonly options?: LockOptions }
  | { readonly do: "held" }
  | { readonly do: "release" }
  /** Blocks the event loop. With `asking`, calls `held` all the time. */
  | { readonly do: "block"; readonly ms: number; readonly asking: boolean }
  /** Uses the file system in `directory`, and answers with the codes of the errors. */
  | { readonly do: "codes"; readonly directory: string };

/** The answer of a child. `error` is a code, `message` its text. */
export interface Answer {
  readonly held?: boolean;
  readonly pid?: number;
  readonly error?: string;
  readonly message?: string;
  readonly codes?: readonly string[];
}

let lock: DirectoryLock | undefined;

async function obey(command: Command): Promise<Answer> {
  switch (command.do) {
    case "lock":
      lock?.release();
      lock = undefined;
      lock = await lockDirectory(command.directory, command.options);
      return { held: lock.held() };
    case "held":
      return { held: lock?.held() ?? false };
    case "release":
      lock?.release();
      return { held: lock?.held() ?? false };
    case "block":
      block(command.ms, command.asking);
      return {};
    case "codes":
      return { codes: codes(command.directory) };
  }
}

function block(ms: number, asking: boolean): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (asking) lock?.held();
    Atomics.wait(sleeper, 0, 0, asking ? 5 : Math.max(1, end - Date.now()));
  }
}

function codes(directory: string): string[] {
  const fs = new NodeFileSystem();
  const calls = [
    () => writeOneByte(fs, `${directory}/a`),
    () => fs.stat(`${directory}/a`),
    () => fs.list(directory),
    () => fs.makeDirectory(`${directory}/d`),
    () => fs.rename(`${directory}/a`, `${directory}/b`),
    () => fs.remove(`${directory}/b`),
    () => fs.removeDirectory(`${directory}/d`),
    () => fs.syncDirectory(directory),
  ];
  return calls.map(codeOf);
}

function writeOneByte(fs: NodeFileSystem, path: string): void {
  const file = fs.open(path, { write: true, create: true });
  file.write(new Uint8Array(1), 0);
  file.sync();
  file.close();
}

function codeOf(call: () => unknown): string {
  try {
    call();
    return "ok";
  } catch (error) {
    return errorCode(error) ?? String(error);
  }
}

async function answer(command: Command): Promise<Answer> {
  try {
    return await obey(command);
  } catch (error) {
    return { error: errorCode(error) ?? "none", message: String(error) };
  }
}

console.log(JSON.stringify({ pid: process.pid } satisfies Answer));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
