/**
 * A plugin for esbuild that takes from the shim only what the engine needs. Every cold start reads the rest, too.
 *
 * - The shim exports its constants and structures as one object, `wasi`. esbuild keeps such an object whole: 13 KB
 *   instead of 3. So the plugin imports them one by one.
 * - The shim has all calls of WASI in one object, too. The plugin leaves out the calls that `HostWasi` does not take from
 *   the shim, and the methods of `Fd` that only they use: 9 KB. It also leaves out what the shim logs for debugging.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fd, WASI } from "@bjorn3/browser_wasi_shim";
import type { Plugin } from "esbuild";
import { FROM_SHIM } from "../../src/host/host_wasi.ts";
import { ROOT } from "./runtimes.ts";

const IMPORT = /import \{ (.+, )?wasi \} from "@bjorn3\/browser_wasi_shim";/;
const DEFINITIONS = join(ROOT, "node_modules/@bjorn3/browser_wasi_shim/dist/wasi_defs.js");
/** The shim's log of its calls, which luge never turns on. */
const SILENT = "export const debug = { enabled: false, enable() {}, log() {} };";

/** Fails if the shim's code is not as expected. */
export const shimByName: Plugin = {
  name: "shim by name",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]src[/\\]host[/\\]\w+\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(IMPORT, byName),
      loader: "ts",
    }));
    onLoad({ filter: /[/\\]browser_wasi_shim[/\\]dist[/\\]debug\.js$/ }, () => ({ contents: SILENT, loader: "js" }));
    onLoad({ filter: /[/\\]browser_wasi_shim[/\\]dist[/\\](?:wasi|fd)\.js$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      return { contents: path.endsWith("fd.js") ? fdOf(code) : wasiOf(code), loader: "js" };
    });
  },
};

/** The code of the shim's `WASI` without the calls that the engine does not get from it, and without its start of programs. */
function wasiOf(source: string): string {
  const kept = new Set<string>(FROM_SHIM);
  const { wasiImport } = new WASI([], [], [], { debug: false });
  let code = source;
  for (const name of Object.keys(wasiImport)) if (!kept.has(name)) code = without(code, name, ",");
  return without(code, "start", "");
}

/** The code of the shim's `Fd` without the methods that none of these calls uses. */
function fdOf(source: string): string {
  const kept = new Set<string>([...FROM_SHIM, "constructor", "fd_readdir_single", "fd_close", "path_open"]);
  let code = source;
  for (const name of Object.getOwnPropertyNames(Fd.prototype)) if (!kept.has(name)) code = without(code, name, "");
  return code;
}

/**
 * Removes a method from the code, with the `separator` that follows it, or that is before it if it is the last one. Looks
 * for it in the text: Bun knows another text of a loaded function than that of its file.
 */
function without(code: string, name: string, separator: string): string {
  const start = new RegExp(`(?<=[{},;])${name}\\(`).exec(code)?.index;
  if (start === undefined) throw new Error(`The shim does not have the method '${name}'`);
  const end = afterPair(code, afterPair(code, start, "()"), "{}");
  const isLast = separator !== "" && !code.startsWith(separator, end);
  const [from, to] = isLast ? [start - separator.length, end] : [start, end + separator.length];
  return code.slice(0, from) + code.slice(to);
}

/** The end of the first pair of brackets at or after `from`. No text of the shim has a bracket alone. */
function afterPair(code: string, from: number, [opening, closing]: string): number {
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    if (code[at] === opening) depth += 1;
    if (code[at] === closing) depth -= 1;
    if (code[at] === closing && depth === 0) return at + 1;
  }
  throw new Error(`The shim has no end of the pair ${opening}${closing} at ${from}`);
}

function byName(_line: string, others = ""): string {
  const rest = others && `import { ${others}} from "@bjorn3/browser_wasi_shim"; `;
  return `${rest}import * as wasi from ${JSON.stringify(DEFINITIONS)};`;
}
