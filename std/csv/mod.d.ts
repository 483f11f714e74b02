/** Text of CSV in, records out. */
export declare class CsvParseStream implements TransformStream<string, string[]> {
  get readable(): ReadableStream<string[]>;
  get writable(): WritableStream<string>;
}

/** How {@linkcode stringify} writes. */
export interface StringifyOptions {
  /** Whether a header comes first. Default: true. */
  readonly headers?: boolean;
}

/** Rows as CSV, whose lines end with CR and LF. */
export declare function stringify(data: readonly (readonly unknown[])[], options?: StringifyOptions): string;
