/**
 * Counts the calls into the engine, by the name of the export.
 *
 * @module
 */

/**
 * Counts the calls of exports since {@linkcode CountedEngine.reset}, for every engine that is started while this is in
 * use.
 */
export class CountedEngine implements Disposable {
  readonly #instantiate = WebAssembly.instantiate;
  readonly #calls = new Map<string, number>();
  readonly #parameters = new Map<string, readonly unknown[]>();

  constructor() {
    const instantiate = this.#instantiate as (
      module: WebAssembly.Module,
      imports: WebAssembly.Imports,
    ) => Promise<WebAssembly.Instance>;
    const counted = async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
      const { exports } = await instantiate(module, imports);
      return { exports: this.#counted(exports) };
    };
    WebAssembly.instantiate = counted as typeof WebAssembly.instantiate;
  }

  reset(): void {
    this.#calls.clear();
  }

  /** How often each export was called. Exports that were not called are left out. */
  get calls(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#calls);
  }

  /** The arguments of the last call of an export. */
  parametersOf(name: string): readonly unknown[] {
    return this.#parameters.get(name) ?? [];
  }

  #counted(exports: WebAssembly.Exports): WebAssembly.Exports {
    const entries = Object.entries(exports).map(([name, exported]) => {
      if (typeof exported !== "function") return [name, exported];
      const call = (...parameters: unknown[]): unknown => {
        this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
        this.#parameters.set(name, parameters);
        return exported(...parameters);
      };
      return [name, call];
    });
    return Object.fromEntries(entries) as WebAssembly.Exports;
  }

  [Symbol.dispose](): void {
    WebAssembly.instantiate = this.#instantiate;
  }
}
