/**
 * The files of a release: the tarball, the bill of materials, the engine, and the digests of these.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildPackage, packPackage, projectManifest } from "../package.ts";
import { ROOT } from "../runtimes.ts";
import { withPublisher } from "./manifest.ts";
import { missingFor, PUBLISH_FILE, type Publisher } from "./publisher.ts";
import { sbomOf } from "./sbom.ts";

/** What decides whether a release may be built. */
export interface ReleaseWish {
  /** The tag of the commit, such as `v0.1.0`; `undefined` for a build to look at. */
  readonly tag: string | undefined;
  readonly publisher: Publisher;
}

/** Refuses a release whose tag is not its version, whose manifests differ, or whose publisher is unknown. */
export function checkRelease({ tag, publisher }: ReleaseWish, root: string = ROOT): void {
  const { version } = projectManifest();
  const jsr = (JSON.parse(readFileSync(join(root, "deno.json"), "utf8")) as { version: string }).version;
  if (jsr !== version)
    throw new Error(`Wrong version '${jsr}' in deno.json: expected '${version}', as in package.json`);
  if (tag === undefined) return;
  if (tag !== `v${version}`) throw new Error(`Wrong tag '${tag}': expected 'v${version}', as package.json says`);
  const heading = `## ${version} (`;
  const log = readFileSync(join(root, "CHANGELOG.md"), "utf8");
  if (!log.includes(heading) || log.includes(`${heading}unreleased)`)) {
    throw new Error(`Wrong CHANGELOG.md: expected a heading '${heading}DATE)'`);
  }
  const missing = missingFor(publisher);
  if (missing.length > 0) throw new Error(`Fill in ${PUBLISH_FILE} first: ${missing.join(", ")}`);
}

/** Builds the files into `directory`, which is emptied first. Returns their paths. Checks nothing. */
export async function buildRelease(directory: string, publisher: Publisher): Promise<string[]> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const built = join(directory, "package");
  const packages = await buildPackage(built, publisher);
  const manifest = withPublisher(projectManifest(), publisher);
  const { path } = packPackage(built, directory);
  rmSync(built, { recursive: true });
  const bill = join(directory, `luge-${manifest.version}.cdx.json`);
  writeFileSync(bill, `${JSON.stringify(sbomOf(manifest, packages), undefined, 2)}\n`);
  const engine = join(directory, "luge_engine.wasm");
  cpSync(join(ROOT, "engine", "luge_engine.wasm"), engine);
  const sums = join(directory, "SHA256SUMS");
  writeFileSync(sums, [path, bill, engine].map(sumOf).join(""));
  return [path, bill, engine, sums];
}

/** A line as `sha256sum` writes and checks it. */
function sumOf(path: string): string {
  return `${createHash("sha256").update(readFileSync(path)).digest("hex")}  ${basename(path)}\n`;
}
