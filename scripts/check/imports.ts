/**
 * The imports of files: in TypeScript by the specifiers, in the engine by the paths that begin with `crate` and
 * `super`.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "../lib/runtimes.ts";

/** The files that each file imports. Paths are relative to the root of the project. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** The text of a TypeScript file without doc comments, because their examples have imports, too. */
export function codeOf(file: string, root: string = ROOT): string {
  return readFileSync(join(root, file), "utf8").replace(/^\s*\*.*$/gm, "");
}

/** The project files that a TypeScript file imports. Ignores code in strings, which is for another program. */
export function importsOf(file: string, root: string = ROOT): string[] {
  const specifiers = codeOf(file, root).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+\.ts)"/g);
  return [
    ...new Set([...specifiers].map(([, specifier = ""]) => relative(root, join(root, dirname(file), specifier)))),
  ];
}

/** The imports of files of TypeScript. */
export function typescriptImports(globs: readonly string[], root: string = ROOT): Imports {
  const files = globSync([...globs], { cwd: root, exclude: ["**/node_modules/**"] }).sort();
  return new Map(files.map((file) => [file, importsOf(file, root)]));
}

/** The code of a file of Rust, without comments and without its tests. */
export function rustCodeOf(file: string, root: string = ROOT): string {
  const [code = ""] = readFileSync(join(root, file), "utf8").split(/^#\[cfg\(test\)\]\s*\nmod /m);
  return code.replace(/\/\/.*$/gm, "");
}

/** Splits a tree of paths, such as `a::{b, c::{d, e}}`, into its paths. */
export function pathsOf(tree: string): string[] {
  const open = tree.indexOf("{");
  if (open < 0) return [tree.split(/\s+as\s/)[0]?.trim() ?? ""];
  const inner = tree.slice(open + 1, tree.lastIndexOf("}"));
  let depth = 0;
  const parts = [""];
  for (const character of inner) {
    if (character === "," && depth === 0) {
      parts.push("");
      continue;
    }
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    parts[parts.length - 1] += character;
  }
  const prefix = tree.slice(0, open).trim();
  return parts.filter((part) => part.trim() !== "").flatMap((part) => pathsOf(`${prefix}${part.trim()}`));
}

/**
 * The imports of a crate below `source`. A path refers to the file of its longest part that is a module. Two kinds of
 * imports do not count: a file that declares a module, and a file that uses something of its own parent module.
 */
export function rustImports(source: string, root: string = ROOT): Imports {
  const files = globSync(`${source}/**/*.rs`, { cwd: root }).sort();
  const moduleOf = (file: string) =>
    relative(source, file)
      .replace(/(?:^|\/)(?:mod|lib)\.rs$|\.rs$/, "")
      .split("/")
      .filter((part) => part !== "");
  const byModule = new Map(files.map((file) => [moduleOf(file).join("::"), file]));
  const importsOfRust = (file: string): string[] => {
    const self = moduleOf(file);
    const found = new Set<string>();
    for (const [tree] of rustCodeOf(file, root).matchAll(
      /\b(?:crate|super)(?:::\w+)*(?:::\{(?:[^{}]|\{[^{}]*\})*\})?/g,
    )) {
      for (const path of pathsOf(tree)) {
        let parts = path.split("::");
        let base: string[] = [];
        if (parts[0] === "super") base = self;
        for (; parts[0] === "super"; parts = parts.slice(1)) base = base.slice(0, -1);
        const full = [...base, ...parts.filter((part) => part !== "crate")];
        while (full.length > 0 && !byModule.has(full.join("::"))) full.pop();
        const isParent = full.length < self.length && full.every((part, i) => part === self[i]);
        const target = byModule.get(full.join("::"));
        if (target !== undefined && target !== file && !isParent) found.add(target);
      }
    }
    return [...found];
  };
  return new Map(files.map((file) => [file, importsOfRust(file)]));
}

/** The cycles, each as the sorted files that reach each other. Empty if imports run one way. */
export function circlesIn(imports: Imports): string[][] {
  const [order, lowest] = [new Map<string, number>(), new Map<string, number>()];
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file) ?? 0);
    stack.push(file);
    for (const imported of imports.get(file) ?? []) {
      if (!imports.has(imported)) continue;
      if (!order.has(imported)) visit(imported);
      if (stack.includes(imported)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(imported) ?? 0));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || imports.get(file)?.includes(file)) circles.push(circle.sort());
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles.sort();
}

/** Imports that `mayImport` refuses, as `a imports b`. */
export function wrongIn(imports: Imports, mayImport: (file: string, imported: string) => boolean): string[] {
  return [...imports].flatMap(([file, all]) =>
    all.filter((imported) => !mayImport(file, imported)).map((imported) => `${file} imports ${imported}`),
  );
}
