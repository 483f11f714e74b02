/**
 * Wraps every call of a file system that may change something. Shows which of two stores on one disk made a change.
 *
 * @module
 */

import type { FileSystem } from "../../../src/api/file_system.ts";

/** Runs a call, and checks what it does. */
export type Around = <T>(run: () => T) => T;

const CHANGING = new Set(["open", "makeDirectory", "rename", "remove", "removeDirectory", "write", "truncate"]);

/** The same file system, but its changing calls, including those of its files, run within `around`. */
export function lookedAround(fileSystem: FileSystem, around: Around): FileSystem {
  return wrapped(fileSystem, around);
}

function wrapped<T extends object>(target: T, around: Around): T {
  return new Proxy(target, {
    get: (_, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...values: unknown[]): unknown => {
        const run = (): unknown => value.apply(target, values);
        const result = CHANGING.has(name as string) ? around(run) : run();
        return name === "open" ? wrapped(result as object, around) : result;
      };
    },
  });
}
