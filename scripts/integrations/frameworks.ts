/**
 * Builds and runs the program in large frameworks and compilers: 400 MB, installed only on request.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../lib/free_port.ts";
import { binary } from "../lib/runtimes.ts";
import { ESM, HANDLER, PRINTED } from "./app.ts";
import { type Outcome, toolVersionOf, YES } from "./bundlers.ts";
import type { Project } from "./project.ts";

const PACKAGES = ["next@16.4.6", "react@19.2.9", "react-dom@19.2.9", "nitro@3.0.0", "rolldown@1.3.2"];

/** One framework: a command builds it, another one starts it, and HTTP requests test it. */
interface Framework {
  readonly name: string;
  readonly package: string;
  readonly files: Readonly<Record<string, string>>;
  readonly build: readonly [string, ...string[]];
  readonly start: (port: number) => readonly [string, ...string[]];
  readonly path: string;
  readonly output: string;
}

const NEXT = {
  "answer.mjs": HANDLER,
  "app/layout.js": "export default ({ children }) => <html><body>{children}</body></html>;",
  "app/api/route.js":
    'import { answer } from "../../answer.mjs";\nexport const dynamic = "force-dynamic";\n' +
    "export const GET = async () => new Response(await answer());",
};

const FRAMEWORKS: readonly Framework[] = [
  {
    name: "Next, bundled",
    package: "next",
    files: { ...NEXT, "next.config.mjs": "export default { turbopack: { root: import.meta.dirname } };" },
    build: ["node_modules/.bin/next", "build"],
    start: (port) => ["node_modules/.bin/next", "start", `--port=${port}`],
    path: "/api",
    output: ".next/server",
  },
  {
    name: "Next, standalone, luge external",
    package: "next",
    files: {
      ...NEXT,
      "next.config.mjs":
        'export default { output: "standalone", serverExternalPackages: ["@luge/luge"], ' +
        "turbopack: { root: import.meta.dirname } };",
    },
    build: ["node_modules/.bin/next", "build"],
    start: () => [binary("node"), ".next/standalone/server.js"],
    path: "/api",
    output: ".next/standalone",
  },
  {
    name: "Nitro, without externals",
    package: "nitro",
    files: {
      "answer.mjs": HANDLER,
      "server.mjs":
        'import { answer } from "./answer.mjs";\nexport default { fetch: async () => new Response(await answer()) };',
      "nitro.config.mjs": 'export default { preset: "node-server", noExternals: true, serverEntry: "./server.mjs" };',
    },
    build: ["node_modules/.bin/nitro", "build"],
    start: () => [binary("node"), ".output/server/index.mjs"],
    path: "/",
    output: ".output",
  },
];

/** Tries all of them, and `deno compile`. */
export async function tryFrameworks(project: Project): Promise<Outcome[]> {
  const options = ["--no-audit", "--no-fund", "--prefer-offline", "--silent", "--no-package-lock"];
  project.run("npm", ["install", ...options, project.tarball.path, ...PACKAGES]);
  const outcomes: Outcome[] = [];
  for (const framework of FRAMEWORKS) outcomes.push(await tryFramework(project, framework));
  return [...outcomes, compileWithDeno(project)];
}

async function tryFramework(project: Project, framework: Framework): Promise<Outcome> {
  for (const [file, text] of Object.entries(framework.files)) project.write(file, text);
  const manifest = (await import(join(project.path, "node_modules", framework.package, "package.json"), {
    with: { type: "json" },
  })) as { default: { version: string } };
  const outcome = { name: framework.name, version: manifest.default.version };
  try {
    const [command, ...args] = framework.build;
    project.run(command, args, { NEXT_TELEMETRY_DISABLED: "1" });
  } catch (error) {
    return { ...outcome, built: (error as Error).message, ran: "no", sizeBytes: undefined };
  }
  const sizeBytes = sizeOf(join(project.path, framework.output));
  // The server must not find the package of the project: its output has all of it.
  const [installed, hidden] = [join(project.path, "node_modules", "@luge"), join(project.path, "hidden")];
  renameSync(installed, hidden);
  try {
    return { ...outcome, built: YES, ran: await ask(project, framework), sizeBytes };
  } finally {
    renameSync(hidden, installed);
  }
}

async function ask(project: Project, { start, path }: Framework): Promise<string> {
  const port = await freePort();
  const [command, ...args] = start(port);
  const PATH = `${dirname(binary("node"))}:${process.env.PATH}`;
  const address = { HOST: "127.0.0.1", HOSTNAME: "127.0.0.1", PORT: String(port) };
  const env = { ...process.env, PATH, ...address, NEXT_TELEMETRY_DISABLED: "1" };
  const server = spawn(command, args, { cwd: project.path, env, stdio: "ignore", detached: true });
  const closed = once(server, "close");
  try {
    for (let tries = 0; tries < 100; tries++) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
      const text = await response?.text();
      if (text !== undefined) return text === PRINTED ? YES : text;
      await sleep(200);
    }
    return "no answer";
  } finally {
    if (server.pid !== undefined) process.kill(-server.pid, "SIGTERM");
    await closed;
  }
}

/** `deno compile` downloads a runtime of its own unless DENORT_BIN names one. */
function compileWithDeno(project: Project): Outcome {
  const outcome = { name: "deno compile", version: toolVersionOf(binary("deno")) };
  project.write("app.mjs", ESM);
  const program = join(project.path, "out", "deno", "app");
  mkdirSync(dirname(program), { recursive: true });
  try {
    project.run(binary("deno"), [
      "compile",
      "--allow-all",
      "--node-modules-dir=manual",
      `--output=${program}`,
      "app.mjs",
    ]);
  } catch (error) {
    const { message } = error as Error;
    const built = /dns error|Download/i.test(message) ? "no: its runtime cannot be downloaded here" : message;
    return { ...outcome, built, ran: "not tried", sizeBytes: undefined };
  }
  const sizeBytes = statSync(program).size;
  try {
    const output = project.run(program, [join(project.path, "out", "deno", "data")]).trim();
    return { ...outcome, built: YES, ran: output === PRINTED ? YES : output, sizeBytes };
  } catch (error) {
    return { ...outcome, built: YES, ran: (error as Error).message, sizeBytes };
  }
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
}
