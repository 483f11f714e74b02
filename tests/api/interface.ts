/**
 * Reads the public interface from its types, with `deno doc`.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { launcher, ROOT } from "../../scripts/lib/runtimes.ts";

/** A parameter that takes an object with named properties. */
export interface Parameter {
  /** `Interface.method(parameter)`. */
  readonly name: string;
  /** The property names of the type, of all members of a union together. */
  readonly names: readonly string[];
}

interface Typed {
  readonly kind: string;
  readonly value: unknown;
}

interface Method {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly tsType?: Typed; readonly left?: { name: string } }[];
  readonly functionDef?: Omit<Method, "name">;
}

interface Declaration {
  readonly kind: string;
  readonly def: {
    readonly methods?: readonly Method[];
    readonly constructors?: readonly Method[];
    readonly params?: Method["params"];
    readonly properties?: readonly { readonly name: string }[];
    readonly extends?: readonly Typed[];
    readonly tsType?: Typed;
  };
}

interface Symbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** Objects with methods, which may have any other names, too. */
const NO_OPTIONS = new Set([
  "AsyncRangeCursor",
  "AsyncRangeIterable",
  "AsyncReader",
  "AsyncSnapshot",
  "AsyncStore",
  "AsyncTransaction",
  "AsyncTransactionView",
  "AsyncView",
  "AsyncViewReader",
  "Codec",
  "FileSystem",
  "KeyCodec",
  "Logger",
  "RangeCursor",
  "RangeIterable",
  "Reader",
  "Snapshot",
  "Store",
  "Transaction",
  "TransactionView",
  "View",
  "ViewReader",
]);

/** All parameters of exported functions, interfaces and classes that take an object with named properties. */
export function parametersOf(entry: string): Parameter[] {
  const [command] = launcher("deno");
  const json = execFileSync(command, ["doc", "--json", "--no-remote", "--no-npm", join(ROOT, entry)], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    // `deno doc` warns about types of the runtime that it does not look up.
    stdio: ["ignore", "pipe", "ignore"],
  });
  const { nodes } = JSON.parse(json) as { nodes: Record<string, { symbols: readonly Symbol[] }> };
  const symbols = Object.values(nodes).flatMap((node) => node.symbols);
  const types = new Types(symbols);
  return symbols.flatMap((symbol) =>
    symbol.declarations.flatMap(({ kind, def }) => {
      if (kind === "function") return types.parameters(symbol.name, def.params ?? []);
      const methods = [
        ...(def.methods ?? []),
        ...(def.constructors ?? []).map((each) => ({ ...each, name: "constructor" })),
      ];
      return methods.flatMap((method) =>
        types.parameters(`${symbol.name}.${method.name}`, (method.functionDef ?? method).params),
      );
    }),
  );
}

class Types {
  readonly #declarations: ReadonlyMap<string, readonly Declaration[]>;

  constructor(symbols: readonly Symbol[]) {
    this.#declarations = new Map(symbols.map(({ name, declarations }) => [name, declarations]));
  }

  parameters(method: string, params: Method["params"]): Parameter[] {
    return params.flatMap(({ name, tsType, left }) => {
      const names = tsType ? this.#namesOf(tsType) : [];
      return names.length > 0 ? [{ name: `${method}(${name ?? left?.name})`, names }] : [];
    });
  }

  /** No names if the type is not such an object. */
  #namesOf({ kind, value }: Typed): string[] {
    if (kind === "union" || kind === "intersection") return this.#ofAll(value as Typed[]);
    if (kind === "array" || kind === "parenthesized") return this.#namesOf(value as Typed);
    if (kind === "typeOperator") return this.#namesOf((value as { tsType: Typed }).tsType);
    if (kind === "typeLiteral") return (value as Declaration["def"]).properties?.map(({ name }) => name) ?? [];
    if (kind !== "typeRef") return [];
    const { typeName } = value as { typeName: string };
    if (NO_OPTIONS.has(typeName)) return [];
    const declarations = this.#declarations.get(typeName) ?? [];
    return unique(
      declarations.flatMap(({ kind: declared, def }) => {
        if (declared === "typeAlias" && def.tsType) return this.#namesOf(def.tsType);
        if (declared !== "interface") return [];
        return [...(def.properties ?? []).map(({ name }) => name), ...this.#ofAll(def.extends ?? [])];
      }),
    );
  }

  #ofAll(types: readonly Typed[]): string[] {
    return unique(types.flatMap((each) => this.#namesOf(each)));
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
