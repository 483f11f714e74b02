/**
 * The software bill of materials of a release, in CycloneDX 1.6: what is inside the package. That is the npm packages in
 * its bundles, the engine, and the crates in the engine. Two builds of the same sources write the same bytes: there is
 * no time and no random number in it.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../runtimes.ts";
import type { Manifest } from "./manifest.ts";

/** A part of the package. */
export interface Component {
  readonly type: "library" | "file";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256" | "SHA-512"; readonly content: string }[];
  readonly licenses: readonly { readonly expression: string }[];
  readonly pedigree?: { readonly notes: string };
}

/** The document. */
export interface Sbom {
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** The fields of package-lock.json that are used here. */
interface Lock {
  readonly packages: {
    readonly [folder: string]: { readonly version?: string; readonly integrity?: string; readonly license?: string };
  };
}

/** The fields of the engine's build record that are used here. */
interface Record {
  readonly rustc: string;
  readonly sha256: string;
}

const ENGINE = "engine/luge_engine.wasm";
const SLED_EDITS = "Compiled with the edits in engine/edits of the repository.";

/**
 * The bill of materials. `packages` are the npm packages in the bundles, as `buildPackage` returns them. Versions and
 * digests come from `package-lock.json` and `engine/Cargo.lock`. Throws an `Error` that names a package or crate that is not in there.
 */
export function sbomOf(manifest: Manifest, packages: readonly string[], root: string = ROOT): Sbom {
  const read = (file: string) => readFileSync(join(root, file), "utf8");
  const lock = JSON.parse(read("package-lock.json")) as Lock;
  const record = JSON.parse(read("engine/luge_engine.build.json")) as Record;
  const npm = packages.map((name) => npmComponent(name, lock));
  const crates = cratesOf(read("engine/LICENSES.txt"), read("engine/Cargo.lock"));
  const compiler = compilerComponents(record);
  const engine: Component = {
    type: "file",
    "bom-ref": ENGINE,
    name: ENGINE,
    version: manifest.version,
    hashes: [{ alg: "SHA-256", content: record.sha256 }],
    licenses: [{ expression: String(manifest.license) }],
  };
  const itself = ownComponent(manifest);
  const refs = (components: readonly Component[]) => components.map((component) => component["bom-ref"]);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: itself },
    components: [engine, ...npm, ...crates, ...compiler],
    dependencies: [
      { ref: itself["bom-ref"], dependsOn: refs([engine, ...npm]) },
      { ref: ENGINE, dependsOn: refs([...crates, ...compiler]) },
    ],
  };
}

function ownComponent({ name, version, license }: Manifest): Component {
  return { ...npmName(name, version), licenses: [{ expression: String(license) }] };
}

function npmComponent(name: string, { packages }: Lock): Component {
  const { version, integrity, license } = packages[`node_modules/${name}`] ?? {};
  const [, digest] = /^sha512-(\S+)$/.exec(integrity ?? "") ?? [];
  if (version === undefined || license === undefined || digest === undefined) {
    const expected = "version, license and a SHA-512 in package-lock.json";
    throw new Error(`The package '${name}' is in a bundle, and has not ${expected}`);
  }
  const content = Buffer.from(digest, "base64").toString("hex");
  return { ...npmName(name, version), hashes: [{ alg: "SHA-512", content }], licenses: [{ expression: license }] };
}

function npmName(full: string, version: string): Omit<Component, "licenses"> {
  const [, group, name = full] = /^(@[^/]+)\/(.+)$/.exec(full) ?? [];
  const purl = `pkg:npm/${full.replace("@", "%40")}@${version}`;
  return { type: "library", "bom-ref": purl, ...(group === undefined ? {} : { group }), name, version, purl };
}

/** The crates that `engine/LICENSES.txt` names: those whose code is in the engine. */
function cratesOf(licenses: string, lock: string): Component[] {
  const checksums = new Map(
    [...lock.matchAll(/^name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "([0-9a-f]{64})"$/gm)].map(
      ([, name, version, checksum]) => [`${name} ${version}`, checksum],
    ),
  );
  return [...licenses.matchAll(/^([\w-]+) (\d\S+)\n\nSPDX: (\w.*)$/gm)].map(
    ([, name = "", version = "", expression = ""]) => {
      const content = checksums.get(`${name} ${version}`);
      if (content === undefined)
        throw new Error(`The crate '${name} ${version}' is in the engine, and not in its Cargo.lock`);
      const purl = `pkg:cargo/${name}@${version}`;
      return {
        type: "library",
        "bom-ref": purl,
        name,
        version,
        purl,
        hashes: [{ alg: "SHA-256", content }],
        licenses: [{ expression }],
        ...(name === "sled" ? { pedigree: { notes: SLED_EDITS } } : {}),
      };
    },
  );
}

/** What comes with the compiler, and is in no lock file. */
function compilerComponents({ rustc }: Record): Component[] {
  const [, version = ""] = /^rustc (\S+)/.exec(rustc) ?? [];
  const std = `pkg:generic/rust-std@${version}`;
  return [
    {
      type: "library",
      "bom-ref": std,
      name: "rust-std",
      version,
      purl: std,
      licenses: [{ expression: "MIT OR Apache-2.0" }],
    },
    {
      type: "library",
      "bom-ref": "wasi-libc",
      name: "wasi-libc",
      licenses: [{ expression: "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT" }],
    },
  ];
}
