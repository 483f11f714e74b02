/**
 * Bundles what runs of the package: the module and its exports in two forms, the engine, and the command line.
 *
 * @module
 */

import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin } from "esbuild";
import { ROOT } from "../runtimes.ts";
import { shimByName } from "../shim_by_name.ts";
import { EXPORTS } from "./exports.ts";

/** The licenses of the packages that are part of the files. */
const LICENSES = "LICENSES.txt";
/** The engine, for each form of the module. */
const ARTEFACTS = ["artefact.js", "artefact.cjs"];
/** The command line, one file for all runtimes. */
const COMMAND = "luge.js";

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  metafile: true,
  platform: "node",
  target: ["es2022", "node20"],
  logLevel: "warning",
  // Node prints the line of an uncaught error: a short one leaves its message in sight.
  lineLimit: 200,
} as const satisfies BuildOptions;

/** The public classes, which keep their names: people see these when they print a store or an error. */
const NAMED = ["MemoryFileSystem", "MemoryStore", "NodeFileSystem", "SledStore", "StoreError"];

/** How the module is written: half as much to read at a cold start. The maps stay beside the files; no comment leads to them. */
const SMALL = {
  ...OPTIONS,
  minify: true,
  metafile: true,
  sourcemap: "external",
  plugins: [shimByName],
  stdin: {
    sourcefile: "entry.ts",
    resolveDir: ROOT,
    contents: `
      import { ${NAMED.join(", ")} } from "./mod.ts";
      export * from "./mod.ts";
      for (const [name, value] of Object.entries({ ${NAMED.join(", ")} })) Object.defineProperty(value, "name", { value: name });`,
  },
} as const satisfies BuildOptions;

/** Builds all of it into `directory`. */
export async function buildPrograms(directory: string): Promise<void> {
  const metafiles = [
    bundleModule(directory),
    bundleCommonJs(directory),
    bundleCommand(directory),
    bundleExports(directory, "esm"),
    bundleExports(directory, "cjs"),
  ];
  const inputs = (await Promise.all(metafiles)).flatMap((metafile) => Object.keys(metafile.inputs));
  for (const name of ARTEFACTS) joinLines(join(directory, name));
  writeFileSync(join(directory, LICENSES), licensesOf(inputs));
}

/** `mod.js`, and the engine in a file of its own, which is read at the first open. */
async function bundleModule(directory: string): Promise<Metafile> {
  const { metafile } = await build({
    ...SMALL,
    format: "esm",
    splitting: true,
    outdir: directory,
    entryNames: "mod",
    chunkNames: "[name]",
  });
  // Its map would only carry the engine's bytes once more.
  rmSync(join(directory, "artefact.js.map"));
  return metafile;
}

/** The same for `require`: `mod.cjs`, and the engine beside it. Whatever `mod.js` imports late is required late. */
async function bundleCommonJs(directory: string): Promise<Metafile> {
  const options = { ...OPTIONS, format: "cjs", outExtension: { ".js": ".cjs" }, outdir: directory } as const;
  const [, { metafile }] = await Promise.all([
    build({ ...options, minify: true, entryPoints: ["src/wasm/artefact.ts"] }),
    build({
      ...SMALL,
      ...options,
      entryNames: "mod",
      // Those of mod.js.map.
      sourcesContent: false,
      // Jest runs `import()` only when Node is told to.
      supported: { "dynamic-import": false },
      define: { "import.meta.filename": "__filename" },
      plugins: [shimByName, external(/\/artefact\.ts$/, "./artefact.cjs")],
    }),
  ]);
  return metafile;
}

/** Each export beside the module, one file with all that it needs: nobody pays for another one, or for the module. */
async function bundleExports(directory: string, format: "esm" | "cjs"): Promise<Metafile> {
  const { metafile } = await build({
    ...OPTIONS,
    format,
    minify: true,
    sourcemap: "external",
    // Those of the other form have them.
    sourcesContent: format === "esm",
    entryPoints: EXPORTS,
    outdir: directory,
    outExtension: { ".js": format === "esm" ? ".js" : ".cjs" },
    // In the form of which the unused parts can be left out.
    mainFields: ["module", "main"],
  });
  return metafile;
}

/** The command line, over the module beside it: the engine is not in the package once more. */
async function bundleCommand(directory: string): Promise<Metafile> {
  const { metafile } = await build({
    ...OPTIONS,
    format: "esm",
    entryPoints: { luge: "src/cli/main.ts" },
    outdir: directory,
    minifySyntax: true,
    minifyWhitespace: true,
    // Two of its packages are CommonJS, and require modules of the runtime.
    banner: { js: 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);' },
    plugins: [external(/\/mod\.ts$/, "./mod.js")],
  });
  chmodSync(join(directory, COMMAND), 0o755);
  return metafile;
}

/** Writes the engine's text without breaks: V8 takes 2 ms longer to read a string of 4,600 lines, at each cold start. */
function joinLines(path: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("\\\n", ""));
}

/** Leaves imports of a file to the file at `path`, which is beside the one that is built. */
function external(filter: RegExp, path: string): Plugin {
  return { name: path, setup: ({ onResolve }) => onResolve({ filter }, () => ({ path, external: true })) };
}

/** Licenses of packages that come without one. */
const OTHER_LICENSES: { readonly [folder: string]: string } = { "node_modules/deno-std": join("std", "LICENSE") };

/** The licenses of the packages that files are from. */
function licensesOf(files: readonly string[]): string {
  const folders = files.flatMap((file) => /(?:^|\/)(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const own = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e(?!.*apache)/i.test(name));
    const license = own === undefined ? OTHER_LICENSES[folder] : join(folder, own);
    if (license === undefined) throw new Error(`'${folder}' is bundled and has no license`);
    return `${folder.replace("node_modules/", "")}\n\n${readFileSync(join(ROOT, license), "utf8").trim()}\n`;
  });
  return texts.join("\n----\n\n");
}
