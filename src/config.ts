/**
 * The options of a store, their defaults and their checks.
 *
 * @module
 */

import { isAbsolute, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "./encoding.ts";
import { messageOf, StoreError } from "./errors.ts";
import type { FileSystem } from "./fs/filesystem.ts";
import { isSameFile, lookAt } from "./fs/path_identity.ts";
import { mayAsk } from "./fs/process_identity.ts";
import {
  MAX_CACHE_BYTES,
  MAX_VERSIONS_TO_KEEP,
  MAX_WRITE_BUFFER_BYTES,
  MIN_CACHE_BYTES,
  MIN_WRITE_BUFFER_BYTES,
} from "./limits.ts";
import { consoleLogger, type Logger, LoggingLevel } from "./logger.ts";
import { checkInteger, OptionNames, wrongType } from "./options.ts";
import { process } from "./process.ts";
import { isUint8Array, isUrl, isWasmModule } from "./realm.ts";
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
  /**
   * How many of the newest versions of a key are kept, 1 to 1,000,000. The store remembers the number: that is
   * the default, and 1 in a new store. A smaller number drops versions, and takes `dropVersions`. With `readOnly` it means nothing.
   *
   * Deletions and expired versions count. With 1 a key that was deleted or has expired goes altogether; with more, up to so many
   * versions of each key that was ever written stay, an expired one without its value.
   */
  readonly numVersionsToKeep?: number;
  /** Whether `numVersionsToKeep` may be smaller than what the store remembers. Default: `false`. */
  readonly dropVersions?: boolean;
  /**
   * How long `open` waits while another store has the directory open, in milliseconds; `Infinity` waits without end. Then it rejects
   * with `STORE_LOCKED`. Default: 0.
   */
  readonly waitForLock?: number;
  /** Ends the opening while it waits for the directory: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
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
  readonly numVersionsToKeep: number | undefined;
  readonly dropVersions: boolean;
  readonly waitForLock: number;
  readonly signal: AbortSignal | undefined;
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
    dropVersions: false,
    waitForLock: 0,
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
    dropVersions: true,
    waitForLock: true,
    signal: true,
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
  const options = typeof given === "string" || isUrl(given) ? { path: given } : given;
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
    numVersionsToKeep: options.numVersionsToKeep,
    signal: config.signal,
    fileSystem: config.fileSystem,
    wasm: config.wasm,
  };
}

function checkTypes(config: SledStoreConfig): void {
  for (const name of ["syncWrites", "readOnly", "shareBuffers", "dropVersions"] as const) {
    if (typeof config[name] !== "boolean") wrongType(name, config[name], "a boolean");
  }
  if (config.readOnly && config.fileSystem && typeof config.fileSystem.observe !== "function") {
    wrongType("fileSystem", config.fileSystem, "an object with the method observe, which readOnly needs");
  }
  checkInteger("loggingLevel", config.loggingLevel, LoggingLevel.DEBUG, LoggingLevel.ERROR);
  if (config.numVersionsToKeep !== undefined) {
    checkInteger("numVersionsToKeep", config.numVersionsToKeep, 1, MAX_VERSIONS_TO_KEEP);
  }
  checkWait(config.waitForLock);
  if (config.signal !== undefined && typeof config.signal?.addEventListener !== "function") {
    wrongType("signal", config.signal, "an AbortSignal");
  }
  checkInteger("cacheSize", config.cacheSize, MIN_CACHE_BYTES, MAX_CACHE_BYTES);
  checkInteger("writeBufferSize", config.writeBufferSize, MIN_WRITE_BUFFER_BYTES, MAX_WRITE_BUFFER_BYTES);
  checkMethods("logger", config.logger, ["debug", "info", "warn", "error"]);
  if (config.fileSystem !== undefined) checkMethods("fileSystem", config.fileSystem, ["open", "stat", "list", "lock"]);
  const { wasm } = config;
  if (wasm !== undefined && !isUrl(wasm) && !isUint8Array(wasm) && !isWasmModule(wasm)) {
    wrongType("wasm", wasm, "a URL, a Uint8Array or a WebAssembly.Module");
  }
}

function checkWait(ms: unknown): void {
  if (typeof ms !== "number") wrongType("waitForLock", ms, "a number");
  if (ms >= 0) return;
  throw new RangeError(`Wrong option 'waitForLock': expected a number of milliseconds from 0 on, got ${ms}`);
}

/** A scheme of two letters and more, and two slashes: no path begins like that on purpose. */
const URL_START = /^[a-z][a-z\d+.-]+:\/\//i;

/** On the runtime's disk the path is made absolute: the store must not move when the current directory changes. */
function resolvePath(path: string | URL, onDisk: boolean): string {
  const isAddress = isUrl(path) || (typeof path === "string" && URL_START.test(path));
  const name = isAddress ? pathOfUrl(path) : path;
  if (typeof name !== "string") wrongType("path", name, "a string or a URL");
  if (name === "") throw new TypeError("Wrong option 'path': expected the path of a directory, got an empty string");
  if (name.includes("\0")) throw new TypeError("Wrong option 'path': it holds a NUL character");
  const full = onDisk ? absolute(name).replaceAll(sep, "/") : name;
  return full.replace(/\/+$/, "") || "/";
}

function pathOfUrl(url: string | URL): string {
  try {
    return fileURLToPath(typeof url === "string" ? url : url.href);
  } catch (cause) {
    const message = `Wrong option 'path': expected a path or a file: URL, got '${url}': ${messageOf(cause)}`;
    throw new TypeError(message, { cause });
  }
}

function absolute(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  const what = "the current directory was moved or removed, or may not be read";
  let [full, current] = ["", ""];
  try {
    // Bun resolves by a name that it makes up, where it does not say that there is none.
    current = process.cwd();
    full = resolve(path);
  } catch (cause) {
    throw new StoreError("PATH_UNAVAILABLE", `Cannot open '${path}': ${what}: ${messageOf(cause)}`, { cause });
  }
  if (isLost(current)) throw new StoreError("PATH_UNAVAILABLE", `Cannot open '${path}': ${what}`);
  return full;
}

/** Whether a name that the runtime has for the current directory leads elsewhere: Node keeps an old one. */
function isLost(name: string): boolean {
  const current = process.platform === "linux" ? "/proc/self/cwd" : ".";
  if (![current, name].every((path) => mayAsk({ name: "read", path }))) return false;
  try {
    const [here, named] = [lookAt(current), lookAt(name)];
    if (here === undefined || named === undefined) return named === undefined;
    return isSameFile(here, here) && !isSameFile(here, named);
  } catch {
    // Without the right to look there is nothing to say.
    return false;
  }
}

function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  const object = typeof value === "object" || typeof value === "function" ? (value as Record<string, unknown>) : null;
  const missing = methods.filter((method) => typeof object?.[method] !== "function");
  if (missing.length > 0) wrongType(name, value, `an object with the methods ${missing.join(", ")}`);
}
