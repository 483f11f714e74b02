/**
 * A plugin for esbuild that imports the shim's constants and structures one by one.
 *
 * The shim exports them as one object, `wasi`. esbuild keeps such an object whole: 13 KB instead of 3, which every cold
 * start reads.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";
import { ROOT } from "./runtimes.ts";

const IMPORT = /import \{ (.+, )?wasi \} from "@bjorn3\/browser_wasi_shim";/;
const DEFINITIONS = join(ROOT, "node_modules/@bjorn3/browser_wasi_shim/dist/wasi_defs.js");

/** Lets the files of `src/host` import the file that defines them. */
export const shimByName: Plugin = {
  name: "shim by name",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]src[/\\]host[/\\]\w+\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(IMPORT, byName),
      loader: "ts",
    }));
  },
};

function byName(_line: string, others = ""): string {
  const rest = others && `import { ${others}} from "@bjorn3/browser_wasi_shim"; `;
  return `${rest}import * as wasi from ${JSON.stringify(DEFINITIONS)};`;
}
