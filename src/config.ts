/**
 * The options of a store, their defaults and their checks.
 *
 * @module
 */

import { resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "./encoding.ts";
import type { FileSystem } from "./fs/filesystem.ts";
import {
  MAX_CACHE_BYTES,
  MAX_VERSIONS_TO_KEEP,
  MAX_WRITE_BUFFER_BYTES,
  MIN_CACHE_BYTES,
  MIN_WRITE_BUFFER_BYTES,
} from "./limits.ts";
import { consoleLogger, type Logger, LoggingLevel } from "./logger.ts";
import { OptionNames } from "./options.ts";
import type { EngineSource } from "./wasm/load.ts";

/**
 * How a store is opened. Only `path` has no default.
 *
 * @example
 * ```ts
 * import { type EngineSource, type Logger, LoggingLevel, open, type SledStore, type SledStoreConfig } from "@luge/luge";
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const lines: string[] = [];
 * const log = (line: string) => lines.push(line);
 * const logger: Logger = { debug: log, info: log, warn: log, error: log };
 * const wasm: EngineSource | undefined = undefined; // or a URL, bytes or a module
 * const path = await mkdtemp(`${tmpdir()}/example-`);
 * const config: SledStoreConfig = { path, logger, loggingLevel: LoggingLevel.INFO, ...(wasm ? { wasm } : {}) };
 * const store: SledStore = await open(config);
 * await store.close();
 * assert.match(lines[0] ?? "", /^opened/);
 * ```
 */
export interface SledStoreConfig {
  /** The directory of the store, created when it is missing: a path, relative to the current directory, or a `file:` URL. */
  readonly path: string | URL;
  /**
   * Whether the promise of a write settles only once the write is durable. Without it the promise settles once
   * the write survives the end of the process; a power cut may take the newest writes, back to the last `flush()`, but
   * never one in the middle. Default: `true`.
   */
  readonly syncWrites?: boolean;
  /** 0 DEBUG, 1 INFO, 2 WARNING or 3 ERROR: lines below it are not logged. Default: 3. */
  readonly loggingLevel?: LoggingLevel;
  /** How many of the newest versions of a key are kept, deletions counted, 1 to 1,000,000. Default: 1. */
  readonly numVersionsToKeep?: number;
  /** The bound of the engine's caches together in bytes, 1 MiB to 1 GiB. Default: 64 MiB. */
  readonly cacheSize?: number;
  /**
   * The bytes of memory that gather writes before they are sorted into the table, 256 KiB to 512 MiB. Twice as much may
   * be in use while one buffer is written and the next one fills. Default: 40 MiB.
   */
  readonly writeBufferSize?: number;
  /**
   * Whether the store is opened for reading only. The directory must hold one that no other store has open; nothing in it is
   * written, created or removed. Writes fail with `STORE_READ_ONLY`. Default: `false`.
   */
  readonly readOnly?: boolean;
  /**
   * Whether small values that `get`, `getEntry` and `getMany` return may share buffers with each other. On Node and Deno hot reads are about
   * three times as fast then. The price: `value.buffer` is 16 KiB that hold other values, too; it cannot be transferred; and a
   * value that is kept for long keeps all of it. Without it each value has a buffer of its own. Default: `false`.
   */
  readonly shareBuffers?: boolean;
  /** Where log lines go. Default: the console. */
  readonly logger?: Logger;
  /** The disk. Default: the one of the runtime. */
  readonly fileSystem?: FileSystem;
  /** Another build of the engine. Default: the one that comes with the module. */
  readonly wasm?: EngineSource;
}

/** A config with every default filled in. */
export interface ResolvedConfig {
  readonly path: string;
  readonly syncWrites: boolean;
  readonly loggingLevel: LoggingLevel;
  readonly numVersionsToKeep: number;
  readonly cacheSize: number;
  readonly writeBufferSize: number;
  readonly readOnly: boolean;
  readonly shareBuffers: boolean;
  readonly logger: Logger;
  readonly fileSystem: FileSystem | undefined;
  readonly wasm: EngineSource | undefined;
}

/**
 * The config that `open(path)` uses, to be changed where it does not fit.
 *
 * @example
 * ```ts
 * import { defaultConfig } from "@luge/luge";
 * import assert from "node:assert/strict";
 *
 * const config = { ...defaultConfig("data"), syncWrites: false };
 * assert.equal(config.loggingLevel, 3);
 * ```
 */
export function defaultConfig(path: string | URL): SledStoreConfig {
  return {
    path,
    syncWrites: true,
    loggingLevel: LoggingLevel.ERROR,
    numVersionsToKeep: 1,
    cacheSize: 64 * 1024 * 1024,
    writeBufferSize: 40 * 1024 * 1024,
    readOnly: false,
    shareBuffers: false,
    logger: consoleLogger,
  };
}

const CONFIG = new OptionNames<SledStoreConfig>(
  {
    path: true,
    syncWrites: true,
    loggingLevel: true,
    numVersionsToKeep: true,
    cacheSize: true,
    writeBufferSize: true,
    readOnly: true,
    shareBuffers: true,
    logger: true,
    fileSystem: true,
    wasm: true,
  },
  { object: "a config", example: '{ path: "data" }' },
);

/** Fills in the defaults; throws `TypeError` or `RangeError` for an option that is unknown or wrong. */
export function resolveConfig(given: string | URL | SledStoreConfig): ResolvedConfig {
  const options = typeof given === "string" || given instanceof URL ? { path: given } : given;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot open ${describe(options)}: expected a path, a URL or a config`);
  }
  CONFIG.read(options);
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const config = { ...defaultConfig(""), ...set } as Required<SledStoreConfig>;
  checkTypes(config);
  return {
    ...config,
    path: resolvePath(config.path, config.fileSystem === undefined),
    fileSystem: config.fileSystem,
    wasm: config.wasm,
  };
}

function checkTypes(config: SledStoreConfig): void {
  if (typeof config.syncWrites !== "boolean") wrongType("syncWrites", config.syncWrites, "a boolean");
  if (typeof config.readOnly !== "boolean") wrongType("readOnly", config.readOnly, "a boolean");
  if (typeof config.shareBuffers !== "boolean") wrongType("shareBuffers", config.shareBuffers, "a boolean");
  if (config.readOnly && config.fileSystem && typeof config.fileSystem.observe !== "function") {
    wrongType("fileSystem", config.fileSystem, "an object with the method observe, which readOnly needs");
  }
  checkInteger("loggingLevel", config.loggingLevel, LoggingLevel.DEBUG, LoggingLevel.ERROR);
  checkInteger("numVersionsToKeep", config.numVersionsToKeep, 1, MAX_VERSIONS_TO_KEEP);
  checkInteger("cacheSize", config.cacheSize, MIN_CACHE_BYTES, MAX_CACHE_BYTES);
  checkInteger("writeBufferSize", config.writeBufferSize, MIN_WRITE_BUFFER_BYTES, MAX_WRITE_BUFFER_BYTES);
  checkMethods("logger", config.logger, ["debug", "info", "warn", "error"]);
  if (config.fileSystem !== undefined) checkMethods("fileSystem", config.fileSystem, ["open", "stat", "list", "lock"]);
  const { wasm } = config;
  const accepted = [URL, Uint8Array, WebAssembly.Module];
  if (wasm !== undefined && !accepted.some((type) => wasm instanceof type)) {
    wrongType("wasm", wasm, "a URL, a Uint8Array or a WebAssembly.Module");
  }
}

/** On the runtime's disk the path is made absolute: the store must not move when the current directory changes. */
function resolvePath(path: string | URL, onDisk: boolean): string {
  if (path instanceof URL && path.protocol !== "file:") {
    throw new TypeError(`Wrong option 'path': expected a file: URL, got '${path}'`);
  }
  const name = path instanceof URL ? fileURLToPath(path) : path;
  if (typeof name !== "string") wrongType("path", name, "a string or a URL");
  if (name === "") throw new TypeError("Wrong option 'path': expected the path of a directory, got an empty string");
  if (name.includes("\0")) throw new TypeError("Wrong option 'path': it holds a NUL character");
  const full = onDisk ? resolve(name).replaceAll(sep, "/") : name;
  return full.replace(/\/+$/, "") || "/";
}

/** Throws `TypeError` or `RangeError` unless an option is an integer between two others. */
export function checkInteger(name: string, value: unknown, least: number, most: number): void {
  if (typeof value !== "number") wrongType(name, value, "a number");
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`Wrong option '${name}': expected an integer from ${least} to ${most}, got ${value}`);
}

function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  const object = typeof value === "object" || typeof value === "function" ? (value as Record<string, unknown>) : null;
  const missing = methods.filter((method) => typeof object?.[method] !== "function");
  if (missing.length > 0) wrongType(name, value, `an object with the methods ${missing.join(", ")}`);
}

function wrongType(name: string, value: unknown, expected: string): never {
  throw new TypeError(`Wrong option '${name}': expected ${expected}, got ${describe(value)}`);
}
