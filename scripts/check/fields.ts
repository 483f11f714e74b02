/**
 * Structs of the engine, their fields, and the files that touch them. It searches text and does not know types.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/runtimes.ts";
import { rustCodeOf } from "./imports.ts";

/** A struct, and the files that touch its fields. */
export interface Fields {
  readonly name: string;
  /** The file that declares it. */
  readonly file: string;
  readonly fields: readonly string[];
  /** The files that touch one of the fields. */
  readonly touchedBy: readonly string[];
}

/** The structs with named fields that a piece of Rust code declares. */
export function structsIn(code: string): { name: string; fields: string[] }[] {
  const structs = code.matchAll(/^[ \t]*(?:pub(?:\([^)]*\))? )?struct (\w+)[^;{(]*\{([^}]*)\}/gm);
  return [...structs].map(([, name = "", body = ""]) => {
    const fields = body.matchAll(/^\s*(?:pub(?:\([^)]*\))? )?(\w+):/gm);
    return { name, fields: [...fields].map(([, field = ""]) => field) };
  });
}

/**
 * Whether code touches a field of a struct. It does if it has an `impl` of the struct and `self.field` in it, or
 * `name.field` with the struct's name as a variable. A call of a method with that name does not count.
 */
export function touches(code: string, { name, fields }: { name: string; fields: readonly string[] }): boolean {
  const variable = name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  const field = `\\s*\\.(?:${fields.join("|")})\\b(?!\\s*[\\w(:])`;
  const blocks = code.split(/^(?=(?:impl|fn|pub|struct|enum|mod)\b)/m);
  const isOwn = new RegExp(`^impl\\b[^{]*\\b${name}\\b(?!.* for )`);
  return (
    blocks.some((block) => isOwn.test(block) && new RegExp(`\\bself${field}`).test(block)) ||
    new RegExp(`\\b${variable}${field}`).test(code)
  );
}

/** The structs of some files with more than `most` fields, the largest first. */
export function largeStructs(files: readonly string[], most: number, root: string = ROOT): Fields[] {
  const codes = files.map((file) => ({ file, code: rustCodeOf(file, root) }));
  const found = codes.flatMap(({ file, code }) =>
    structsIn(code)
      .filter(({ fields }) => fields.length > most)
      .map((struct) => {
        // A private field is visible only in its own folder. Elsewhere the text would find other structs and variables
        // of that name.
        const folder = file.slice(0, file.lastIndexOf("/") + 1);
        const inSight = codes.filter((other) => other.file.startsWith(folder));
        const touchedBy = inSight.filter((other) => touches(other.code, struct)).map((other) => other.file);
        return { ...struct, file, touchedBy };
      }),
  );
  return found.sort((a, b) => b.fields.length - a.fields.length);
}

/** How many lines a file has. */
export function linesOf(file: string, root: string = ROOT): number {
  return readFileSync(join(root, file), "utf8").split("\n").length - 1;
}
