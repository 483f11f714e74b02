/**
 * Bundles the programs of the package: the module and its exports in two forms, the engine beside each, and the command line.
 *
 * @module
 */

import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build, type Metafile, type OnResolveArgs, type Plugin } from "esbuild";
import { bundlePage } from "../../../src/studio/page_source.ts";
import { ROOT } from "../runtimes.ts";
import { shimByName } from "../shim_by_name.ts";
import { EDGE_EXPORTS, EXPORTS, PEERS } from "./exports.ts";
import { makeSmaller } from "./smaller.ts";

/** An import of the module itself, from a folder below `src`. */
const MODULE = /^(?:\.\.\/)+mod\.ts$/;
/** What the command loads if its user names a store in PostgreSQL. */
const POSTGRES = /\/servers\/postgres\/mod\.ts$/;
const ETCD = /\/servers\/etcd\/mod\.ts$/;
/** What the command loads for the studio, and the page, which is a file beside it. */
const STUDIO = /\/studio\/mod\.ts$/;
const STUDIO_PAGE = /\/page_source\.ts$/;
/** The licenses of the packages in the bundled files, and of the crates in the engine. */
const LICENSES = "LICENSES.txt";
/** What several processes need to use one store: a file that the module loads with the first shared store. */
const SHARED = { shared: "src/shared/mod.ts" };
const SHARED_IMPORT = /\/shared\/mod\.ts$/;
/** What is the module's in every file: the class of errors, and the disk. */
const OF_THE_MODULE = ["errors.ts", join("fs", "node.ts")].map((name) => join(ROOT, "src", name));
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
  // Node prints the source line of an uncaught error. A short line keeps the error's message visible.
  lineLimit: 200,
} as const satisfies BuildOptions;

/** The public classes keep their names, because people see these when they print a store or an error. */
const NAMED = ["MemoryFileSystem", "MemoryStore", "NodeFileSystem", "SledStore", "StoreError"];

/**
 * Minified, so a cold start reads half as much. The source maps are beside the files, but no comment refers to them.
 */
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

/** Builds all programs into `directory`. Returns the npm packages that they contain, sorted. */
export async function buildPrograms(directory: string): Promise<string[]> {
  const metafiles = [
    bundleModule(directory),
    bundleCommonJs(directory),
    bundleCommand(directory),
    bundleExports(directory, "esm"),
    bundleExports(directory, "cjs"),
    bundleShared(directory, "esm"),
    bundleShared(directory, "cjs"),
    bundleBrowser(directory, "esm"),
    bundleBrowser(directory, "cjs"),
    bundleStudio(directory),
  ];
  const inputs = (await Promise.all(metafiles)).flatMap((metafile) => Object.keys(metafile.inputs));
  for (const name of ARTEFACTS) joinLines(join(directory, name));
  const ofEngine = readFileSync(join(ROOT, "engine", LICENSES), "utf8");
  const folders = foldersOf(inputs);
  writeFileSync(join(directory, LICENSES), `${licensesOf(folders)}\n----\n\nThe engine\n\n${ofEngine}`);
  return folders.map((folder) => folder.replace("node_modules/", ""));
}

/** Bundles `mod.js`, and the engine in a separate file, which is read at the first open. */
async function bundleModule(directory: string): Promise<Metafile> {
  const { metafile } = await build({
    ...SMALL,
    format: "esm",
    splitting: true,
    outdir: directory,
    entryNames: "mod",
    chunkNames: "[name]",
    plugins: [shimByName, external(SHARED_IMPORT, "./shared.js")],
  });
  await makeSmaller(join(directory, "mod.js"), OPTIONS.lineLimit);
  // Its map would only contain the engine's bytes again.
  rmSync(join(directory, "artefact.js.map"));
  return metafile;
}

/**
 * Bundles the same for `require`: `mod.cjs`, and the engine beside it. Late imports of `mod.js` become late requires.
 */
async function bundleCommonJs(directory: string): Promise<Metafile> {
  const options = { ...OPTIONS, format: "cjs", outExtension: { ".js": ".cjs" }, outdir: directory } as const;
  const [, { metafile }] = await Promise.all([
    build({ ...options, minify: true, entryPoints: ["src/wasm/artefact.ts"] }),
    build({
      ...SMALL,
      ...options,
      entryNames: "mod",
      // mod.js.map has the sources.
      sourcesContent: false,
      // Jest runs `import()` only if Node has a special flag.
      supported: { "dynamic-import": false },
      define: { "import.meta.filename": "__filename" },
      plugins: [shimByName, external(/\/artefact\.ts$/, "./artefact.cjs"), external(SHARED_IMPORT, "./shared.cjs")],
    }),
  ]);
  return metafile;
}

/**
 * Bundles each export into one file with all that it needs, so an export does not load another one. Adapters import the
 * module, as the file beside them, so a process has the module only once.
 */
async function bundleExports(directory: string, format: Format): Promise<Metafile> {
  const names = Object.keys(EXPORTS);
  const bundles = await Promise.all([
    build({
      ...standAlone(directory, format),
      entryPoints: exportsOf(names.filter((name) => !EDGE_EXPORTS.includes(name))),
      external: [...PEERS],
      plugins: [external(MODULE, moduleOf(format))],
    }),
    build({ ...standAlone(directory, format), entryPoints: exportsOf(EDGE_EXPORTS), plugins: [withoutNode] }),
  ]);
  return { ...bundles[0].metafile, inputs: { ...bundles[0].metafile.inputs, ...bundles[1].metafile.inputs } };
}

function exportsOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, EXPORTS[name] ?? ""]));
}

/** Takes files that need nothing of Node instead of those that do. */
export const withoutNode: Plugin = {
  name: "without-node",
  setup: ({ onResolve }) => {
    const of = (name: string) => ({ path: join(ROOT, "src", "servers", "edge", name) });
    for (const name of ["clock.ts", "channels.ts"]) {
      const isIt = ({ path, resolveDir }: OnResolveArgs) => join(resolveDir, path) === join(ROOT, "src", name);
      onResolve({ filter: new RegExp(`/${name}$`) }, (args) => (isIt(args) ? of(name) : undefined));
    }
    onResolve({ filter: /^node:crypto$/ }, () => of("crypto.ts"));
  },
};

/** Bundles the module for browsers, which need no configuration for it: it imports nothing, in either form. */
export async function bundleBrowser(directory: string, format: Format): Promise<Metafile> {
  const names = NAMED.join(", ");
  const { metafile } = await build({
    ...standAlone(directory, format),
    // The same for every browser since 2022, and for Safari since 15.4.
    target: "es2022",
    stdin: {
      sourcefile: "browser.ts",
      resolveDir: ROOT,
      contents: `
        import { ${names} } from "./src/browser.ts";
        export * from "./src/browser.ts";
        for (const [name, value] of Object.entries({ ${names} })) Object.defineProperty(value, "name", { value: name });`,
    },
    entryNames: "browser",
    plugins: [withoutNode],
  });
  return metafile;
}

/** Bundles what shared stores need. The class of errors and the disk come from the module. */
async function bundleShared(directory: string, format: Format): Promise<Metafile> {
  const isOfModule = ({ path, resolveDir }: OnResolveArgs) => OF_THE_MODULE.includes(join(resolveDir, path));
  const { metafile } = await build({
    ...standAlone(directory, format),
    entryPoints: SHARED,
    plugins: [external(/\/(?:errors|node)\.ts$/, moduleOf(format), isOfModule)],
  });
  return metafile;
}

/** ES modules or CommonJS. */
export type Format = "esm" | "cjs";

/** The options of a bundle that loads nothing but the module. */
function standAlone(directory: string, format: Format): typeof OPTIONS & BuildOptions {
  return {
    ...OPTIONS,
    format,
    minify: true,
    sourcemap: "external",
    // The maps of the ESM form have the sources.
    sourcesContent: format === "esm",
    outdir: directory,
    outExtension: { ".js": format === "esm" ? ".js" : ".cjs" },
    // ES modules first: esbuild can leave out their unused parts.
    mainFields: ["module", "main"],
  };
}

/** The module, as the file beside a bundle. */
function moduleOf(format: Format): string {
  return format === "esm" ? "./mod.js" : "./mod.cjs";
}

/** Bundles the command line. It imports the module beside it, so the package has the engine only once in each form. */
async function bundleCommand(directory: string): Promise<Metafile> {
  const { metafile } = await build({
    ...OPTIONS,
    format: "esm",
    entryPoints: { luge: "src/cli/main.ts" },
    outdir: directory,
    minifySyntax: true,
    minifyWhitespace: true,
    // Two of its packages are CommonJS, and require modules of the runtime.
    banner: {
      js: 'import { createRequire as $createRequire } from "node:module";\nconst require = $createRequire(import.meta.url);',
    },
    plugins: [
      external(MODULE, "./mod.js"),
      external(POSTGRES, "./postgres.js"),
      external(ETCD, "./etcd.js"),
      external(STUDIO, "./studio.js"),
    ],
  });
  chmodSync(join(directory, COMMAND), 0o755);
  return metafile;
}

/**
 * Bundles the studio: its server, and its page as a module of its own. Only the command loads them, when somebody starts the
 * studio.
 */
async function bundleStudio(directory: string): Promise<Metafile> {
  const [{ metafile }, page] = await Promise.all([
    build({
      ...standAlone(directory, "esm"),
      entryPoints: { studio: "src/studio/mod.ts" },
      sourcemap: false,
      plugins: [external(MODULE, "./mod.js"), external(STUDIO_PAGE, "./studio_page.js")],
    }),
    bundlePage(),
  ]);
  const text = `export const loadPage = async () => (${JSON.stringify({ script: page.script, style: page.style })});\n`;
  writeFileSync(join(directory, "studio_page.js"), text);
  return { ...metafile, inputs: { ...metafile.inputs, ...page.inputs } };
}

/**
 * Writes the engine's text without line breaks: V8 takes 2 ms longer for a string of 4,600 lines, at each cold start.
 */
function joinLines(path: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replaceAll("\\\n", ""));
}

/** Leaves imports of a file as imports of the file at `path`, beside the bundle. */
function external(filter: RegExp, path: string, isIt: (of: OnResolveArgs) => boolean = () => true): Plugin {
  const found = { path, external: true };
  return { name: path, setup: ({ onResolve }) => onResolve({ filter }, (of) => (isIt(of) ? found : undefined)) };
}

/** Licenses of packages that do not contain one. */
const OTHER_LICENSES: { readonly [folder: string]: string } = { "node_modules/deno-std": join("std", "LICENSE") };

/** The folders of the packages that the files belong to, sorted. */
function foldersOf(files: readonly string[]): string[] {
  const folders = files.flatMap((file) => /(?:^|\/)(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** The licenses of the packages in these folders. */
function licensesOf(folders: readonly string[]): string {
  const texts = folders.map((folder) => {
    const own = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e(?!.*apache)/i.test(name));
    const license = own === undefined ? OTHER_LICENSES[folder] : join(folder, own);
    if (license === undefined) throw new Error(`'${folder}' is bundled and has no license`);
    return `${folder.replace("node_modules/", "")}\n\n${readFileSync(join(ROOT, license), "utf8").trim()}\n`;
  });
  return texts.join("\n----\n\n");
}
