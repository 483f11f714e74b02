/** How {@linkcode format} writes a number of bytes. */
export interface FormatOptions {
  /** The locale of the number. */
  locale?: boolean | string | string[];
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
}

/** A number of bytes, as people read it: `1.34 kB`. */
export declare function format(num: number, options?: FormatOptions): string;
