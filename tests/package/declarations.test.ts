/**
 * The declarations of the package in the oldest TypeScript that reads them, and in the newest.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeDeclarations } from "../../scripts/lib/package/declarations.ts";
import { EXPORTS } from "../../scripts/lib/package/exports.ts";
import { binary, ROOT } from "../../scripts/lib/runtimes.ts";
import { nodeTest } from "../support/node_only.ts";
import { withDirectory } from "../support/temporary.ts";

/** The types of abstract-level, which `level` extends, need a newer library and the types of Node. */
const NAMES = Object.keys(EXPORTS).filter((name) => name !== "level");

/** What the two compilers have in common. */
const CONSUMER = `
import { MemoryStore, open, type BatchOperation, type Change, type SledStore, type Store } from "@luge/luge";
${NAMES.map((name) => `import * as ${name} from "@luge/luge/${name}";`).join("\n")}
export const all: readonly object[] = [${NAMES.join(", ")}];

export async function use(store: Store, shared: Uint8Array, stream: ReadableStream): Promise<number> {
  store.putSync(shared, shared, { ttl: undefined, durable: undefined });
  await store.batch([{ type: "put", key: shared, value: shared, ttl: undefined }] satisfies BatchOperation[]);
  const value: Bytes | undefined = await store.get("key");
  const entry: Bytes | undefined = store.getEntrySync("key")?.value;
  const keys: Bytes[] = [...store.keys({ keyEncoding: "bytes", prefix: undefined })];
  const [first]: [string, Bytes][] = await store.entries().toArray();
  const values: Map<string, Bytes> = store.scanSync("");
  const versions: (Bytes | undefined)[] = store.versionsSync("key").map((version) => version.value);
  await store.update("key", (present: Bytes | undefined) => present);
  for await (const change of store.watch({}, { since: undefined, signal: undefined })) {
    const seen: Bytes | undefined = show(change);
    if (seen) break;
  }
  await store.restore(stream, { signal: undefined });
  // @ts-expect-error a number is no value
  await store.put("key", 1);
  const found = [value, entry, first?.[1], ...keys, ...values.values(), ...versions];
  return found.reduce((total, each) => total + (each?.length ?? 0), 0);
}

function show(change: Change): Bytes | undefined {
  return change.type === "put" ? change.value : undefined;
}

export const stores: (Promise<SledStore> | MemoryStore)[] = [open({ path: "data", signal: undefined }), new MemoryStore()];
`;

const OLDEST = "export type Bytes = Uint8Array;";
/** `using` came with TypeScript 5.2. */
const NEWEST = `
export type Bytes = Uint8Array<ArrayBuffer>;
export async function dispose(): Promise<void> {
  await using store = await open("data");
  using snapshot = store.snapshot();
  using cursor = snapshot.keys().cursor();
  cursor.seek("key");
}`;

const COMPILERS = [
  { name: "oldest", path: join(ROOT, "tests", "package", "oldest", "node_modules", "typescript", "bin", "tsc") },
  { name: "newest", path: binary("tsc") },
] as const;

const MODULES = [
  ["Node16", "Node16"],
  ["NodeNext", "NodeNext"],
  ["ESNext", "Bundler"],
] as const;

for (const { name, path } of COMPILERS) {
  nodeTest(`the ${name} TypeScript reads the declarations, with no library but that of ES2022`, () =>
    withDirectory(async (directory) => {
      const project = makeProject(directory, name === "oldest" ? OLDEST : NEWEST);
      const more = name === "oldest" ? ["DOM"] : ["DOM", "ESNext.Disposable"];
      for (const [module, moduleResolution] of MODULES) {
        // A bundler knows no CommonJS.
        const files = module === "ESNext" ? ["consumer.ts"] : ["consumer.ts", "consumer.cts"];
        for (const lib of [["ES2022"], ["ES2022", ...more]]) {
          const compilerOptions = { ...OPTIONS, module, moduleResolution, lib };
          writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
          const { status, stdout } = spawnSync(path, ["-p", "."], { cwd: project, encoding: "utf8" });
          assert.equal(status, 0, `${module} ${lib.join()}: ${stdout}`);
        }
      }
    }),
  );
}

const OPTIONS = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: "ES2022",
  types: [],
};

/** A project that uses the package. Its TypeScript need not be the one that made the declarations. */
function makeProject(directory: string, types: string): string {
  const project = join(directory, "project");
  const own = join(project, "node_modules", "@luge", "luge");
  mkdirSync(own, { recursive: true });
  cpSync(join(ROOT, "package.json"), join(own, "package.json"));
  writeDeclarations(join(own, "lib"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  for (const file of ["consumer.ts", "consumer.cts"]) writeFileSync(join(project, file), `${CONSUMER}${types}\n`);
  return project;
}
