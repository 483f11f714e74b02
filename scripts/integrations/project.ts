/**
 * A project as a user has it: the tarball is installed, and the tools can be found.
 *
 * @module
 */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { buildPackage, packPackage, type Tarball } from "../lib/package.ts";
import { binary } from "../lib/runtimes.ts";
import { TOOLS } from "./tools.ts";

/** A folder with the package installed. */
export interface Project {
  readonly path: string;
  readonly tarball: Tarball;
  /** Writes a file, and the folders above it. */
  write(file: string, text: string): void;
  /** Runs a command in it, with the project's Node first in the PATH. Returns everything it printed, or throws it. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): string;
}

/** Runs `use` with a new project. The project is below the tools' folder, so that it finds the tools. */
export async function withProject<T>(use: (project: Project) => T | Promise<T>): Promise<T> {
  mkdirSync(TOOLS, { recursive: true });
  const folder = mkdtempSync(join(TOOLS, "project-"));
  try {
    const [built, path] = [join(folder, "built"), join(folder, "app")];
    await buildPackage(built);
    const tarball = packPackage(built, folder);
    const project = projectAt(path, tarball);
    project.write("package.json", JSON.stringify({ name: "app", version: "1.0.0", private: true }));
    const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--offline", "--silent"];
    execFileSync("npm", ["install", ...options, tarball.path], { cwd: path, stdio: "inherit" });
    return await use(project);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function projectAt(path: string, tarball: Tarball): Project {
  return {
    path,
    tarball,
    write(file, text) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
    },
    run(command, args, env = {}) {
      const options = { cwd: path, encoding: "utf8", maxBuffer: 64 * 1024 * 1024, timeout: 300_000 } as const;
      const PATH = `${dirname(binary("node"))}${delimiter}${process.env.PATH}`;
      const { status, error, stdout, stderr } = spawnSync(command, args, {
        ...options,
        // With NODE_TEST_CONTEXT set, Node's test runner would run as a part of the outer test run.
        env: { ...process.env, NODE_TEST_CONTEXT: undefined, PATH, NO_COLOR: "1", CI: "1", ...env },
      });
      const output = `${stdout ?? ""}${stderr ?? ""}`;
      if (error || status !== 0) throw new Error(`'${command}' ended with ${status}\n${output}`, { cause: error });
      return output;
    },
  };
}
