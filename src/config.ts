/**
 * The options of a store, their defaults and their checks.
 *
 * @module
 */

import { isAbsolute, resolve, sep } from "node:path";
import type {
  Compression,
  EngineSource,
  FollowedStoreConfig,
  SharedStoreConfig,
  SledStoreConfig,
} from "./api/config.ts";
import type { FileSystem } from "./api/file_system.ts";
import { type Logger, LoggingLevel } from "./api/logger.ts";
import { describe } from "./encoding.ts";
import { StoreError } from "./errors.ts";
import { MemoryFileSystem } from "./fs/memory.ts";
import { memorySize } from "./fs/memory_size.ts";
import { isSameFile, lookAt } from "./fs/path_identity.ts";
import { mayAsk } from "./fs/process_identity.ts";
import {
  defaultCacheBytes,
  MAX_CACHE_BYTES,
  MAX_VERSIONS_TO_KEEP,
  MAX_WRITE_BUFFER_BYTES,
  MIN_CACHE_BYTES,
  MIN_WRITE_BUFFER_BYTES,
} from "./limits.ts";
import { consoleLogger } from "./logger.ts";
import { checkInteger, OptionNames, wrongType } from "./options.ts";
import { process } from "./process.ts";
import { isUint8Array, isUrl, isWasmModule, messageOf } from "./realm.ts";

/** A config with every default filled in. */
export interface ResolvedConfig {
  readonly path: string;
  readonly syncWrites: boolean;
  readonly loggingLevel: LoggingLevel;
  readonly numVersionsToKeep: number | undefined;
  readonly dropVersions: boolean;
  readonly createIfMissing: boolean;
  readonly errorIfExists: boolean;
  readonly waitForLock: number;
  readonly signal: AbortSignal | undefined;
  readonly cacheSize: number;
  readonly writeBufferSize: number;
  readonly readOnly: boolean;
  readonly compression: Compression | undefined;
  readonly shareBuffers: boolean;
  readonly workers: "auto" | false;
  readonly shared: boolean;
  readonly follow: boolean;
  readonly slowOperation: number;
  readonly logger: Logger;
  readonly fileSystem: FileSystem | undefined;
  readonly wasm: EngineSource | undefined;
}

/**
 * The config that `open(path)` uses. Copy it and change what you need.
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
    createIfMissing: true,
    errorIfExists: false,
    waitForLock: 0,
    cacheSize: defaultCacheBytes(memorySize()),
    writeBufferSize: 40 * 1024 * 1024,
    readOnly: false,
    shareBuffers: false,
    shared: false,
    follow: false,
    slowOperation: Number.POSITIVE_INFINITY,
    logger: consoleLogger,
  };
}

type Config = SledStoreConfig | SharedStoreConfig | FollowedStoreConfig;

const CONFIG = new OptionNames<Config>(
  {
    path: true,
    syncWrites: true,
    loggingLevel: true,
    numVersionsToKeep: true,
    dropVersions: true,
    createIfMissing: true,
    errorIfExists: true,
    waitForLock: true,
    signal: true,
    cacheSize: true,
    writeBufferSize: true,
    readOnly: true,
    compression: true,
    shareBuffers: true,
    workers: true,
    shared: true,
    follow: true,
    slowOperation: true,
    logger: true,
    fileSystem: true,
    wasm: true,
  },
  { object: "a config", example: '{ path: "data" }' },
);

const BOOLEANS = [
  "syncWrites",
  "readOnly",
  "shareBuffers",
  "dropVersions",
  "createIfMissing",
  "errorIfExists",
  "shared",
  "follow",
] as const;

/** With a smaller write buffer, jobs are so small that messages to a thread and back take longer than merging. */
const MIN_BUFFER_OF_WORKERS = 12 * 1024 * 1024;

/** The path that stands for a store in memory. */
const IN_MEMORY = ":memory:";

/** A config in which every option has a value that has a default. */
type Filled = Omit<ResolvedConfig, "path" | "workers"> & Pick<Config, "path" | "workers">;

/**
 * Fills in the defaults. Rejects with `TypeError` or `RangeError` for an option that is unknown or wrong. It resolves a
 * relative path before it returns, because the current directory may change later.
 */
export async function resolveConfig(given: string | URL | Config): Promise<ResolvedConfig> {
  const options = typeof given === "string" || isUrl(given) ? { path: given } : given;
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot open ${describe(options)}: expected a path, a URL or a config`);
  }
  CONFIG.read(options);
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const config = { ...defaultConfig(""), ...set } as Filled;
  checkTypes(config);
  if (config.path === IN_MEMORY && !config.fileSystem) {
    Object.assign(config, { path: "/memory", fileSystem: new MemoryFileSystem() });
  }
  return {
    ...config,
    path: await resolvePath(config.path, config.fileSystem === undefined),
    numVersionsToKeep: options.numVersionsToKeep,
    compression: options.compression,
    workers: options.workers ?? (config.writeBufferSize < MIN_BUFFER_OF_WORKERS ? false : "auto"),
    signal: config.signal,
    fileSystem: config.fileSystem,
    wasm: config.wasm,
  };
}

function checkTypes(config: Filled): void {
  for (const name of BOOLEANS) {
    if (typeof config[name] !== "boolean") wrongType(name, config[name], "a boolean");
  }
  if (config.workers !== undefined && config.workers !== "auto" && config.workers !== false) {
    wrongType("workers", config.workers, '"auto" or false');
  }
  if (config.readOnly && config.fileSystem && typeof config.fileSystem.observe !== "function") {
    wrongType("fileSystem", config.fileSystem, "an object with the method observe, which readOnly needs");
  }
  if (config.compression !== undefined) checkCompression(config.compression);
  checkInteger("loggingLevel", config.loggingLevel, LoggingLevel.DEBUG, LoggingLevel.ERROR);
  if (config.numVersionsToKeep !== undefined) {
    checkInteger("numVersionsToKeep", config.numVersionsToKeep, 1, MAX_VERSIONS_TO_KEEP);
  }
  checkMs("waitForLock", config.waitForLock);
  checkMs("slowOperation", config.slowOperation);
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

function checkCompression(compression: unknown): void {
  if (typeof compression !== "string") wrongType("compression", compression, "a string");
  if (compression === "none" || compression === "lz4") return;
  throw new RangeError(`Wrong option 'compression': expected 'none' or 'lz4', got '${compression}'`);
}

function checkMs(name: "waitForLock" | "slowOperation", ms: unknown): void {
  if (typeof ms !== "number") wrongType(name, ms, "a number");
  if (ms >= 0) return;
  throw new RangeError(`Wrong option '${name}': expected a number of milliseconds of 0 or more, got ${ms}`);
}

/** A scheme of at least two letters, and two slashes. No intended path starts like that. */
const URL_START = /^[a-z][a-z\d+.-]+:\/\//i;

/** On the runtime's disk the path becomes absolute: the store must not move when the current directory changes. */
async function resolvePath(path: string | URL, onDisk: boolean): Promise<string> {
  const isAddress = isUrl(path) || (typeof path === "string" && path.includes("://") && URL_START.test(path));
  const name = isAddress ? await pathOfUrl(path) : path;
  if (typeof name !== "string") wrongType("path", name, "a string or a URL");
  if (name === "") throw new TypeError("Wrong option 'path': expected the path of a directory, got an empty string");
  if (name.includes("\0")) throw new TypeError("Wrong option 'path': it holds a NUL character");
  const full = onDisk ? absolute(name).replaceAll(sep, "/") : name;
  return full.endsWith("/") ? full.replace(/\/+$/, "") || "/" : full;
}

async function pathOfUrl(url: string | URL): Promise<string> {
  // Loaded only when needed: loading takes Bun 0.8 ms.
  const { fileURLToPath } = await import("node:url");
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
    // If there is no current directory, Bun may not report it and resolve by an invented name. `cwd()` throws.
    current = process.cwd();
    full = resolve(path);
  } catch (cause) {
    throw new StoreError("PATH_UNAVAILABLE", `Cannot open '${path}': ${what}: ${messageOf(cause)}`, { cause });
  }
  if (isLost(current)) throw new StoreError("PATH_UNAVAILABLE", `Cannot open '${path}': ${what}`);
  return full;
}

/** Whether the runtime's name of the current directory points elsewhere: Node keeps an old name. */
function isLost(name: string): boolean {
  const current = process.platform === "linux" ? "/proc/self/cwd" : ".";
  if (![current, name].every((path) => mayAsk({ name: "read", path }))) return false;
  try {
    const [here, named] = [lookAt(current), lookAt(name)];
    if (here === undefined || named === undefined) return named === undefined;
    return isSameFile(here, here) && !isSameFile(here, named);
  } catch {
    // Without the permission to look, luge cannot tell.
    return false;
  }
}

function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  const object = typeof value === "object" || typeof value === "function" ? (value as Record<string, unknown>) : null;
  const missing = methods.filter((method) => typeof object?.[method] !== "function");
  if (missing.length > 0) wrongType(name, value, `an object with the methods ${missing.join(", ")}`);
}
