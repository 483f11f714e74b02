/**
 * Compiles the engine: by default the artefact of this module, at the first open and never on import.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { EngineSource } from "../api/config.ts";
import { StoreError } from "../errors.ts";
import { isUrl, isWasmModule, messageOf } from "../realm.ts";
import { artefactFile } from "./artefact_file.ts";

/** An engine whose bytes are loaded. */
interface LoadedEngine {
  /** May still compile: another thread compiles the artefact in some milliseconds. */
  readonly compiled: Promise<WebAssembly.Module>;
}

let artefact: Promise<LoadedEngine> | undefined;

/** Loads an engine. The artefact is compiled once for each process. */
export async function loadEngine(source: EngineSource | undefined): Promise<LoadedEngine> {
  if (typeof WebAssembly === "undefined") {
    const message = "Cannot load the engine: this process has no WebAssembly; Node has none with --jitless";
    throw new StoreError("ENGINE_UNAVAILABLE", message);
  }
  if (source === undefined) {
    artefact ??= loadArtefact();
    return await artefact;
  }
  const compiled = isWasmModule(source) ? source : await compileSource(source);
  return { compiled: Promise.resolve(compiled) };
}

async function loadArtefact(): Promise<LoadedEngine> {
  const file = readArtefact();
  const compiled = file
    ? // A damaged file does not compile. The text form has the same engine.
      WebAssembly.compile(file).catch(async () => await WebAssembly.compile(await artefactOfText()))
    : WebAssembly.compile(await artefactOfText());
  // `open` awaits it a little later.
  compiled.catch(() => {});
  return { compiled };
}

/** The engine's file beside the module; `undefined` in a bundle, and without the permission to read it. */
function readArtefact(): Uint8Array<ArrayBuffer> | undefined {
  const file = artefactFile();
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** The engine from the text form, which every bundle has. Takes about 2 ms longer on Bun and 8 ms on Node. */
async function artefactOfText(): Promise<Uint8Array<ArrayBuffer>> {
  const { ARTEFACT_BASE64 } = await import("./artefact.ts");
  return decodeBase64(ARTEFACT_BASE64);
}

async function compileSource(source: URL | Uint8Array): Promise<WebAssembly.Module> {
  try {
    const bytes = isUrl(source) ? await fetchBytes(source) : new Uint8Array(source);
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    const name = isUrl(source) ? `'${source}'` : `${source.length} bytes`;
    throw new StoreError("ENGINE_UNAVAILABLE", `Cannot load the engine from ${name}: ${messageOf(cause)}`, { cause });
  }
}

async function fetchBytes(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === "file:") return await readFileUrl(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Loads its modules only when needed: they take Bun 2.3 ms. */
async function readFileUrl(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const [{ readFile }, { fileURLToPath }] = await Promise.all([import("node:fs/promises"), import("node:url")]);
  return new Uint8Array(await readFile(fileURLToPath(url.href)));
}

/** A method of newer runtimes, ten times as fast. Not every runtime's types have it. */
interface Base64Decoder {
  readonly fromBase64?: (base64: string) => Uint8Array<ArrayBuffer>;
}

function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as Base64Decoder;
  if (fromBase64) return fromBase64(base64);
  // A loop: `Uint8Array.from(text, fn)` takes twenty times as long.
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
